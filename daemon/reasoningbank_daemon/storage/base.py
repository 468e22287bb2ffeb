"""What a store promises, whatever database it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from reasoningbank_daemon.storage.records import Outcome, Record

Done = Callable[[Outcome], None]
"""Hears what became of one record, once, on the writer's thread; it must return quickly."""


class StoreError(Exception):
    """The bank can't be used; the message says what is wrong, why, and what to do, ``next_step`` what to type."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step


class Store(Protocol):
    """Keep the bank: one writer, many readers.

    Order: records are applied in the order of `submit`. Atomicity: a record is stored whole or not at all, and
    ``STORED`` is said only after the disk has it; records that are stored in one transaction appear together.
    A reader sees the bank as it was after some record, never in the middle of one.
    """

    def submit(self, record: Record, on_done: Done | None) -> None:
        """Hand a record to the writer from any thread, without waiting.

        ``on_done`` is called once: ``STORED`` with a receipt, ``REFUSED`` for what can never be stored,
        ``NOT_STORED`` when the queue or the disk is full or the store is closing (send it again later). A nonce
        that was stored before gets the receipt it got then, marked as a copy.
        """
        ...

    def flush(self, *, timeout_s: float) -> bool:
        """Wait until all that was submitted before is stored or refused; False if that took too long."""
        ...

    def close(self, *, timeout_s: float = 30.0) -> bool:
        """Store what waits, then close; later submissions are ``NOT_STORED``. False if it took too long."""
        ...
