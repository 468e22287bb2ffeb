"""Take in what hooks had to leave in the spool."""

from __future__ import annotations

import threading

import msgspec
import structlog

from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.services.intake import Event, Refusal, understand
from reasoningbank_daemon.storage.records import Outcome
from reasoningbank_schema.envelope import EnvelopeError, Stored, unpack_request
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
UNFINISHED_AFTER_S = 60.0
WHOLE_WITHIN_S = 2.0
"""What a hook sent before it spooled lies in the socket: the daemon reads it within moments of running at all."""


def _event(request: Request) -> Event:
    if isinstance(request, Recall | Status | Control):
        raise SpoolDamagedError(f"a {type(request).__name__} is a question: there is nothing in it to store")
    return request


class SpoolJob:
    """Store each spooled event and remove its file only when it is stored, or never can be."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._folder = str(services.paths.spool)
        self._first_seen: dict[str, float] = {}

    def run(self) -> None:
        """Do one round over what lies there."""
        names = list_entries(self._folder)
        now_s = self._services.clock.monotonic_s()
        self._first_seen = {name: self._first_seen.get(name, now_s) for name in names}
        taken = sum(1 for name in names if self._take(name))
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

    def _take(self, name: str) -> bool:
        try:
            entry = read_entry(self._folder, name)
            header = unpack_request(entry.header)
            request = _event(decode_request(entry.body))
        except FileNotFoundError:
            return False
        except (SpoolDamagedError, EnvelopeError, msgspec.MsgspecError) as error:
            log.warning(
                "spool_entry_damaged", entry=name, reason=str(error), kept_as=set_aside(self._folder, name)
            )
            return False
        except (SpoolError, OSError) as error:
            log.warning("spool_unreadable", entry=name, reason=str(error))
            return False
        if self._may_come_whole(name, request):
            return False
        understood = understand(header, request, clock=self._services.clock)
        record = understood.record if isinstance(understood, Refusal) else understood
        done = threading.Event()
        outcome: list[Outcome] = []

        def note(result: Outcome) -> None:
            outcome.append(result)
            done.set()

        self._services.store.submit(record, note)
        if not done.wait(STORE_TIMEOUT_S) or outcome[0].stored not in (Stored.STORED, Stored.REFUSED):
            return False
        self._services.counters.add("spool_taken")
        remove_entry(self._folder, name)
        return True
