"""What everything that stores has in common: its error, and who hears what became of a record."""

from __future__ import annotations

from collections.abc import Callable

from reasoningbank_daemon.storage.records import Outcome

Done = Callable[[Outcome], None]
"""Hears what became of one record, once, on the writer's thread; it must return quickly."""


class StoreError(Exception):
    """The bank can't be used; the message says what is wrong, why, and what to do, ``next_step`` what to type."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step
