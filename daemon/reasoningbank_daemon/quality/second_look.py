"""A slower opinion on edits, formed in the background; it reaches the agent with its next event."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

import msgspec
import structlog

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.judge_apart import Judge
from reasoningbank_daemon.quality.projects.policy import Policy
from reasoningbank_schema.verdicts import EditVerdict, Label

_log = structlog.get_logger(__name__)

MOST_WAITING = 50
MOST_OPINIONS = 200
BUDGET_S = 20.0
QUIET_S = 0.05
MOST_GIVEN_WAY_S = 2.0
"""A look is begun when nobody has wanted advice for so long, and after so long in any case: a process that stands furthest
back still keeps the kernel from moving those who wait for one processor to the other."""

Session = tuple[str, str, str]
"""Host, session, and the subagent's id or nothing."""


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict that came later, and the text that it is about."""

    verdict: EditVerdict
    text: str


class SecondLook:
    """Reviews edits one after the other in a thread of its own, which is started with the first edit.

    Of a file that is edited again before its turn came, only the last edit is looked at. `budget_s` bounds one look;
    `idle_s` tells for how long nobody has wanted what matters more, to which each look gives way for `most_given_way_s`.
    """

    def __init__(
        self,
        judge: Judge,
        *,
        clock: Callable[[], float] = monotonic,
        budget_s: float = BUDGET_S,
        idle_s: Callable[[], float] = lambda: math.inf,
        most_given_way_s: float = MOST_GIVEN_WAY_S,
    ) -> None:
        self._judge = judge
        self._clock = clock
        self._budget_s = budget_s
        self._idle_s = idle_s
        self._most_given_way_s = most_given_way_s
        self._changed = threading.Condition()
        self._waiting: OrderedDict[tuple[Session, str], tuple[Edit, Policy]] = OrderedDict()
        self._opinions: OrderedDict[tuple[Session, str], Opinion] = OrderedDict()
        self._missing: dict[str, str] = {}
        self._thread: threading.Thread | None = None
        self._busy = False
        self._closed = False

    def ask(self, session: Session, edit: Edit, policy: Policy) -> None:
        """Have an edit looked at; returns at once."""
        if not self._judge.reads(edit):
            return
        with self._changed:
            if self._closed:
                return
            key = (session, edit.path)
            earlier = self._waiting.pop(key, None)
            if earlier is not None:  # nobody has judged the step between: the change is from where it began
                edit = msgspec.structs.replace(edit, before=earlier[0].before)
            self._waiting[key] = (edit, policy)
            self._opinions.pop(key, None)
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="second-look", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def has_opinions(self, session: Session) -> bool:
        """Tell whether something is there for a session; cheap."""
        with self._changed:
            return any(key[0] == session for key in self._opinions)

    def opinions(self, session: Session) -> tuple[Opinion, ...]:
        """Return what was found since the last call, and forget it here."""
        with self._changed:
            keys = [key for key in self._opinions if key[0] == session]
            return tuple(self._opinions.pop(key) for key in keys)

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until every edit was looked at; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_s)

    def close(self) -> None:
        """End the engines and the thread; what waits is dropped."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            thread = self._thread
            self._changed.notify_all()
        self._judge.close()
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closed)
                self._give_way()
                if self._closed:
                    return
                key, (edit, policy) = self._waiting.popitem(last=False)
                self._busy = True
            try:
                verdict = self._look(edit, policy)
            except Exception:  # noqa: BLE001 - a fault of ours costs one look; without the thread there would be none
                _log.exception("second_look_failed", path=edit.path)
                continue
            for missing in verdict.engines_missing:
                if self._missing.get(missing.engine) != missing.reason:  # once, not at each edit
                    _log.info("second_look_incomplete", engine=missing.engine, reason=missing.reason)
                self._missing[missing.engine] = missing.reason
            if verdict.label in (Label.WORSE, Label.BROKEN):
                self._keep(key, Opinion(verdict=verdict, text=edit.after))

    def _give_way(self) -> None:
        """Wait until nobody wants what matters more, but not for ever; call with the lock held."""
        until = self._clock() + self._most_given_way_s
        while not self._closed and (left_s := until - self._clock()) > 0:
            busy_s = QUIET_S - self._idle_s()
            if busy_s <= 0:
                return
            self._changed.wait(min(busy_s, left_s))

    def _look(self, edit: Edit, policy: Policy) -> EditVerdict:
        return self._judge.examine(edit, self._clock() + self._budget_s, policy=policy).verdict

    def _keep(self, key: tuple[Session, str], opinion: Opinion) -> None:
        with self._changed:
            if key in self._waiting:  # edited again meanwhile
                return
            self._opinions[key] = opinion
            if len(self._opinions) > MOST_OPINIONS:
                self._opinions.popitem(last=False)
