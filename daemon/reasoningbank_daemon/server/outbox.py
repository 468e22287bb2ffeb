"""How worker threads hand results to the poller thread, which alone may touch the socket."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterator

Delivery = Callable[[], None]
"""Something that only the poller thread may do; it is called there, once."""


class Outbox:
    """Queue deliveries from any thread and wake the poller with at most one byte per burst.

    A deque and a socket pair: appending is one atomic operation, and the byte is written only when the poller
    may be asleep. An in-process ZeroMQ socket per thread would do the same at twice the cost, and would have
    to be closed by the thread that used it.
    """

    def __init__(self) -> None:
        self._pending: deque[Delivery] = deque()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._awake = False

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when something waits."""
        return self._reader.fileno()

    def put(self, delivery: Delivery) -> None:
        """Queue a delivery; safe from any thread and from a signal handler."""
        self._pending.append(delivery)
        self.wake()

    def wake(self) -> None:
        """Make the poller look, even when nothing is queued."""
        if self._awake:
            return
        self._awake = True
        try:
            self._writer.send(b"\0")
        except (BlockingIOError, OSError):
            # Full: the poller has bytes to wake up for. Closed: the poller is gone, and so is the need.
            return

    def answer_wake(self) -> None:
        """Take the byte that made the descriptor readable; only the poller thread calls this, and before `take`."""
        try:
            self._reader.recv(4096)
        except BlockingIOError:
            return  # the flag belongs to a byte that is still to come
        # The order matters: byte, then the flag, then the queue. A put before this line is taken by `take`, one
        # after it writes a byte of its own.
        self._awake = False

    def take(self) -> Iterator[Delivery]:
        """Yield what waits; only the poller thread calls this."""
        for _ in range(len(self._pending)):
            yield self._pending.popleft()

    def close(self) -> None:
        """Close both ends; later puts are kept in memory and never delivered."""
        self._reader.close()
        self._writer.close()
