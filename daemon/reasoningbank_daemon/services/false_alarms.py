"""Counts of false alarms by project, read from the bank at most every few seconds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from reasoningbank_daemon.services.clock import Clock
from reasoningbank_daemon.services.projects import project_key
from reasoningbank_daemon.storage.queries.false_alarms import read_false_alarms
from reasoningbank_daemon.storage.store import SqliteStore

FRESH_S = 5.0
"""An edit must not wait for a query that nearly always says the same."""
MOST_PROJECTS = 200


class FalseAlarms:
    """Answers from what was read last. Safe for several threads."""

    def __init__(self, store: SqliteStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Mapping[str, int]]] = OrderedDict()

    def counts(self, folder: str) -> Mapping[str, int]:
        """Return, by rule, how often it was called a false alarm in the project of a folder."""
        key = project_key(folder)
        now_s = self._clock.monotonic_s()
        with self._lock:
            known = self._known.get(key)
        if known is not None and now_s - known[0] < FRESH_S:
            return known[1]
        counts = read_false_alarms(self._store.reader(), key)
        with self._lock:
            self._known[key] = (now_s, counts)
            if len(self._known) > MOST_PROJECTS:
                self._known.popitem(last=False)
        return counts
