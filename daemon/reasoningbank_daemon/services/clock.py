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
