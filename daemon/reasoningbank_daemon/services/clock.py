"""Time as something that is handed in, so that tests can set it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tell two times: one that only moves forward, one that people read."""

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never goes back; deadlines are points on it."""
        ...

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic_s(self) -> float:
        """Return `time.monotonic`."""
        return time.monotonic()

    def now_ns(self) -> int:
        """Return `time.time_ns`."""
        return time.time_ns()


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, *, now_ns: int = 1_700_000_000_000_000_000) -> None:
        self._now_ns = now_ns
        self._monotonic_s = 0.0

    def monotonic_s(self) -> float:
        """Return the seconds that `advance` has added so far."""
        return self._monotonic_s

    def now_ns(self) -> int:
        """Return the wall clock that `advance` has moved so far."""
        return self._now_ns

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._monotonic_s += seconds
        self._now_ns += round(seconds * 1e9)
