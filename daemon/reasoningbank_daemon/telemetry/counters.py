"""Counts of what happened since the start, kept by many threads."""

from __future__ import annotations

import threading


class Counters:
    """Count by name; every method may be called from any thread.

    Examples
    --------
    >>> counters = Counters()
    >>> counters.add("requests")
    >>> counters.snapshot()
    {'requests': 1}
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, int] = {}

    def add(self, name: str, amount: int = 1) -> None:
        """Raise a count; a name that is new starts at 0."""
        with self._lock:
            self._values[name] = self._values.get(name, 0) + amount

    def get(self, name: str) -> int:
        """Return one count, 0 for a name that was never raised."""
        return self._values.get(name, 0)

    def snapshot(self) -> dict[str, int]:
        """Return all counts as they stood at one moment."""
        with self._lock:
            return dict(self._values)
