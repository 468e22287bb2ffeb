"""Where a running agent's edits arrive: find the text before, judge, remember what was told, look a second time."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from time import monotonic

import msgspec

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.judge_apart import Judge
from reasoningbank_daemon.quality.judging.advice import advice_text
from reasoningbank_daemon.quality.judging.session_edits import Remark, SessionEdits
from reasoningbank_daemon.quality.known_texts import KnownTexts, committed_text, text_on_disk
from reasoningbank_daemon.quality.projects.policies import Policies
from reasoningbank_daemon.quality.projects.policy import Mode
from reasoningbank_daemon.quality.second_look import SecondLook, Session
from reasoningbank_schema.verdicts import EditVerdict, Label

MOST_SESSIONS = 200


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """An edit as its host tells it: either text may be missing, and the path may be relative to `folder`."""

    session: Session
    path: str
    folder: str = ""
    before: str | None = None
    after: str | None = None
    created: bool = False
    deleted: bool = False


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, what the agent is told of it (None: nothing), and whether the user wants the agent stopped by it."""

    verdict: EditVerdict
    text: str | None
    blocks: bool = False
    quoted_from: str = ""
    """The text after, where it holds a secret that the verdict's messages may quote: it is not to be kept as it is."""

    @property
    def remark(self) -> Remark | None:
        """What the agent is told, with what it is about."""
        return _remark(self.verdict, self.text) if self.text else None


class EditDesk:
    """Judges the edits of all sessions. Safe for several threads."""

    def __init__(
        self,
        judge: Judge,
        policies: Policies,
        *,
        second: SecondLook | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._judge = judge
        self._policies = policies
        self._second = second
        self._clock = clock
        self._texts = KnownTexts()
        self._lock = threading.Lock()
        self._sessions: OrderedDict[Session, SessionEdits] = OrderedDict()
        self._warming: threading.Thread | None = None

    def judge(self, arrival: Arrival, deadline: float) -> Told | None:
        """Return the verdict on an edit and what to tell of it; None where there is no text to judge.

        `deadline` is a point of the clock, in seconds.
        """
        path = os.path.normpath(os.path.join(arrival.folder, arrival.path))  # noqa: PTH118 - of text; a path may be no path at all
        if arrival.deleted:
            self._texts.drop(path)
            return None
        after = arrival.after if arrival.after is not None else text_on_disk(path)
        if after is None:
            return None
        edit = Edit(path=path, before=self._before(arrival, path), after=after)
        self._texts.put(path, after)
        policy = self._policies.policy_or_default(path)
        with self._lock:
            history = self._session(arrival.session).steps.take(path, edit.before, edit.after)
        review = self._judge.examine(edit, deadline, policy=policy, history=history)
        with self._lock:
            untold = self._session(arrival.session).take(review.verdict, review.issues, review.text)
        if self._second is not None:
            self._second.ask(arrival.session, edit, policy)
        return Told(
            verdict=review.verdict,
            text=advice_text(untold, most=policy.told),
            blocks=policy.mode is Mode.GATE and review.verdict.label is Label.BROKEN,
            quoted_from=after if review.may_quote_secrets else "",
        )

    def keep_unheard(self, session: Session, remarks: Iterable[Remark]) -> None:
        """Keep for the session's next event what came too late for this one."""
        with self._lock:
            edits = self._sessions.get(session)
            if edits is not None:
                edits.keep_unheard(remarks)

    def has_later(self, session: Session) -> bool:
        """Tell whether something waits for a session's next event; cheap."""
        # Without the lock, which is held while a long text is gone through: what is missed here is told one event later.
        edits = self._sessions.get(session)
        unheard = edits is not None and edits.has_unheard
        return unheard or (self._second is not None and self._second.has_opinions(session))

    def later(self, session: Session) -> tuple[Remark, ...]:
        """Return what was not known in time, or not heard, of earlier edits and still holds; each is returned once."""
        with self._lock:
            edits = self._sessions.get(session)
            remarks = [] if edits is None else [*edits.take_unheard()]
        for opinion in () if self._second is None else self._second.opinions(session):
            with self._lock:
                fresh = self._session(session).add(opinion.verdict, opinion.text)
            if fresh is not None and (text := advice_text(fresh)):
                remarks.append(_remark(fresh, text))
        return tuple(remarks)

    def sum_up(self, session: Session) -> str | None:
        """Return what a session's edits left open, once, and forget it."""
        with self._lock:
            edits = self._sessions.get(session)
            return None if edits is None else edits.sum_up()

    def has_open(self, session: Session) -> bool:
        """Tell whether a session edited anything since it was summed up; cheap."""
        return session in self._sessions

    def forget(self, session: Session) -> None:
        """Drop what is known of a session that ended."""
        with self._lock:
            self._sessions.pop(session, None)

    def warm(self) -> None:
        """Start the engines that any edit may need, in the background, so that the first one need not wait for them."""
        with self._lock:
            if self._warming is not None:
                return
            self._warming = threading.Thread(target=self._judge.warm, name="warm-engines", daemon=True)
            self._warming.start()

    def close(self) -> None:
        """End all engines."""
        if self._second is not None:
            self._second.close()
        self._judge.close()
        with self._lock:
            warming = self._warming
        if warming is not None:
            warming.join()

    def _before(self, arrival: Arrival, path: str) -> str | None:
        if arrival.before is not None or arrival.created:
            return arrival.before
        known = self._texts.get(path)
        return known if known is not None else committed_text(path)

    def _session(self, session: Session) -> SessionEdits:
        """Return a session's record; call with the lock held."""
        edits = self._sessions.pop(session, None) or SessionEdits()
        self._sessions[session] = edits
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return edits


def _remark(verdict: EditVerdict, text: str) -> Remark:
    return Remark(path=verdict.path, content_sha256=verdict.content_sha256, text=text)
