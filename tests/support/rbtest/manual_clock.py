"""A clock for tests, beside `services.clock.SystemClock`."""

from __future__ import annotations


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
