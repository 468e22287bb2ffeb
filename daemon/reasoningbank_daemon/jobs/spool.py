"""Take in what hooks had to leave in the spool."""

from __future__ import annotations

import queue

import msgspec
import structlog

from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.services.intake import Event, Refusal, Understood, understand
from reasoningbank_daemon.storage.records import Outcome, RejectedRecord
from reasoningbank_schema.envelope import (
    PROTOCOL_VERSION,
    EnvelopeError,
    RequestHeader,
    Stored,
    unpack_request,
)
from reasoningbank_schema.messages import Control, HookEvent, Recall, Request, Status, decode_request
from reasoningbank_schema.spool import (
    SpoolDamagedError,
    SpoolError,
    count_losses,
    list_entries,
    read_entry,
    remove_entry,
    remove_unfinished,
    set_aside,
)

log = structlog.get_logger(__name__)

STORE_TIMEOUT_S = 30.0
AT_ONCE = 250
"""Entries that share a transaction or two; 10,000 of them, one by one, would wait for as many syncs."""

UNFINISHED_AFTER_S = 60.0
WHOLE_WITHIN_S = 2.0
"""What a hook sent before it spooled lies in the socket: the daemon reads it within moments of running at all."""


def _event(request: Request) -> Event:
    if isinstance(request, Recall | Status | Control):
        raise SpoolDamagedError(f"a {type(request).__name__} is a question: there is nothing in it to store")
    return request


class SpoolJob:
    """Store each spooled event and remove its file only when it is stored, or never can be.

    A round ends where the writer gives no answer for ``store_timeout_s``: more would only fill its queue.
    """

    def __init__(self, services: Services, *, store_timeout_s: float = STORE_TIMEOUT_S) -> None:
        self._services = services
        self._store_timeout_s = store_timeout_s
        self._folder = str(services.paths.spool)
        self._first_seen: dict[str, float] = {}

    def run(self) -> None:
        """Do one round over what lies there."""
        names = list_entries(self._folder)
        now_s = self._services.clock.monotonic_s()
        self._first_seen = {name: self._first_seen.get(name, now_s) for name in names}
        taken = 0
        for start in range(0, len(names), AT_ONCE):
            more, unanswered = self._take(names[start : start + AT_ONCE])
            taken += more
            if unanswered:
                log.warning("spool_unanswered", events=unanswered, effect="they stay, and are tried again")
                break
        if taken:
            log.info("spool_drained", events=taken)
        now_s = self._services.clock.now_ns() / 1e9
        remove_unfinished(self._folder, older_than_s=UNFINISHED_AFTER_S, now_s=now_s)

    def waiting(self) -> int:
        """How many events lie in the spool."""
        return len(list_entries(self._folder))

    def dropped(self) -> int:
        """How many events the spool had no room for, ever."""
        return count_losses(self._folder).dropped

    def _may_come_whole(self, name: str, request: Event) -> bool:
        """Say whether to leave an entry for now: the whole event may be on its way from the hook that cut this copy.

        The first of them to be stored is the one that counts.
        """
        if not (isinstance(request, HookEvent) and request.truncated):
            return False
        return self._services.clock.monotonic_s() < self._first_seen[name] + WHOLE_WITHIN_S

    def _take(self, names: list[str]) -> tuple[int, int]:
        """Have some entries stored together, in their order.

        Returns how many need no file any more, and of how many the writer has said nothing in time.
        """
        answers: queue.SimpleQueue[tuple[str, Outcome]] = queue.SimpleQueue()
        waiting = 0
        for name in names:
            record = self._read(name)
            if record is not None:
                self._services.store.submit(record, lambda outcome, name=name: answers.put((name, outcome)))  # type: ignore[misc]  # bound early
                waiting += 1
        taken = 0
        for answered in range(waiting):
            try:
                name, outcome = answers.get(timeout=self._store_timeout_s)
            except queue.Empty:
                return taken, waiting - answered
            if outcome.stored in (Stored.STORED, Stored.REFUSED):
                self._services.counters.add("spool_taken")
                remove_entry(self._folder, name)
                taken += 1
        return taken, 0

    def _read(self, name: str) -> Understood | RejectedRecord | None:
        """Return what is to be stored of an entry; None where it can't be, or not yet."""
        found = self._decode(name)
        if found is None or self._may_come_whole(name, found[1]):
            return None
        try:
            understood = understand(*found, clock=self._services.clock)
        except Exception:
            # A defect of ours. The entry stays for the version that can read it, and holds up no other.
            log.exception("spool_entry_not_understood", entry=name)
            self._services.counters.add("defects")
            return None
        return understood.record if isinstance(understood, Refusal) else understood

    def _decode(self, name: str) -> tuple[RequestHeader, Event] | None:
        """Return header and request of an entry; a damaged one is set aside, a later version's is left."""
        try:
            entry = read_entry(self._folder, name)
            header = unpack_request(entry.header)
            if header.version <= PROTOCOL_VERSION:
                return header, _event(decode_request(entry.body))
            self._services.noise.warning("spool_entry_of_a_later_version", version=header.version)
        except FileNotFoundError:
            return None
        except (SpoolDamagedError, EnvelopeError, msgspec.MsgspecError) as error:
            log.warning(
                "spool_entry_damaged", entry=name, reason=str(error), kept_as=set_aside(self._folder, name)
            )
        except (SpoolError, OSError) as error:
            log.warning("spool_unreadable", entry=name, reason=str(error))
        return None
