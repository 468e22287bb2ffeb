"""A logger for what a broken or hostile peer can cause a million times: one line a while, and the count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

MAX_KEYS = 256
"""Keys that are told apart; what comes beyond shares one, so that made-up keys can't fill the memory."""

_OVERFLOW = "(other)"


class LineLogger(Protocol):
    """What lines are written to: a structlog logger, or a list in a test."""

    def warning(self, event: str, /, **fields: object) -> object:
        """Write one line at level warning."""
        ...


class _Window:
    """Count what one key held back since its last line."""

    def __init__(self, ends_s: float) -> None:
        self.ends_s = ends_s
        self.suppressed = 0


class RateLimited:
    """Write at most one line every ``every_s`` seconds for each key; the next one says how many were held back.

    Thread-safe. ``clock`` gives seconds on a clock that never goes back.
    """

    def __init__(
        self, logger: LineLogger, *, every_s: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, _Window] = {}

    def warning(self, event: str, /, *, key: str | None = None, **fields: object) -> None:
        """Write a line, or count it; without a key, lines of one event are alike."""
        now_s = self._clock()
        with self._lock:
            name = self._name(key or event)
            window = self._windows.get(name)
            if window is not None and now_s < window.ends_s:
                window.suppressed += 1
                return
            suppressed = window.suppressed if window else 0
            self._windows[name] = _Window(now_s + self._every_s)
        if suppressed:
            fields["suppressed"] = suppressed
        self._logger.warning(event, **fields)

    def flush(self) -> None:
        """Write what has been held back and whose time is over: the last ones of a burst have no next line."""
        now_s = self._clock()
        with self._lock:
            ended = {name: window for name, window in self._windows.items() if now_s >= window.ends_s}
            for name in ended:
                del self._windows[name]
        for name, window in ended.items():
            if window.suppressed:
                self._logger.warning("lines_held_back", key=name, suppressed=window.suppressed)

    def _name(self, key: str) -> str:
        return key if key in self._windows or len(self._windows) < MAX_KEYS else _OVERFLOW
