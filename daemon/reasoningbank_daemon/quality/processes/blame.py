"""Remember over which files an engine died, so that one file does not cost all others its findings."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable

MOST_DEATHS = 2
"""One may be chance: what another caller asked at that moment is blamed too."""
REFUSED_S = 600.0
_MOST_FILES = 200


class Blame:
    """Counts the deaths of one engine by the file it had in its hands. Safe for several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._deaths: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def note(self, paths: Iterable[str]) -> None:
        """Note that the engine died with questions about these files open."""
        now = self._clock()
        with self._lock:
            for path in set(paths):
                count, _ = self._deaths.pop(path, (0, now))
                self._deaths[path] = (count + 1, now)
            while len(self._deaths) > _MOST_FILES:
                self._deaths.popitem(last=False)

    def reason(self, path: str) -> str | None:
        """Return why a file is not to be asked about; None where it may be."""
        with self._lock:
            count, last = self._deaths.get(path, (0, 0.0))
            if count < MOST_DEATHS:
                return None
            left_s = last + REFUSED_S - self._clock()
            if left_s <= 0:  # it may have become another file meanwhile
                del self._deaths[path]
                return None
        return f"it failed over this file {count} times and is not asked about it for {left_s / 60:.0f} min"
