"""The connection: one DEALER at a time, and the news of its loss."""

from __future__ import annotations

from pathlib import Path

import zmq

from reasoningbank_client.safety import check_socket
from reasoningbank_schema.envelope import MAX_BODY_BYTES

Interest = tuple[tuple[zmq.Socket[bytes], int], ...]
"""Sockets to wait for, each with its ``zmq.POLLIN`` and ``zmq.POLLOUT`` flags."""


class Link:
    """Connect to the daemon on demand; nothing here waits.

    libzmq's own reconnecting is off: it would retry in the background against a daemon that is gone, and bring
    the loss of one to nobody's notice. A lost connection is closed, and the next `open` makes another.

    Parameters
    ----------
    path
        The daemon's socket.
    context
        Who owns the I/O thread; the caller ends it.
    """

    def __init__(self, path: Path, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._path = path
        self._context = context
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None
        self.opened = 0

    def open(self) -> None:
        """Connect, unless there is a connection that lives.

        Raises
        ------
        UnreachableError
            When no daemon listens, or its socket may not be used.
        """
        if self._socket is not None and not self.lost():
            return
        self.close()
        check_socket(self._path)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.setsockopt(zmq.RECONNECT_IVL, -1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_BODY_BYTES)
        self._monitor = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self._monitor.setsockopt(zmq.LINGER, 0)
        self._socket.connect(f"ipc://{self._path}")
        self.opened += 1

    def lost(self) -> bool:
        """Say whether the connection has ended; what came before its end is still received."""
        return self._monitor is None or bool(self._monitor.poll(0))

    def send(self, frames: list[bytes]) -> bool:
        """Send a message if the daemon takes it at once; say whether it did."""
        if self._socket is None:
            return False
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self) -> list[bytes] | None:
        """Return a message that has arrived, None when there is none."""
        if self._socket is None:
            return None
        try:
            return self._socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def interest(self, flags: int) -> Interest:
        """Return what to wait for: ``flags`` of the connection, or its loss."""
        if self._socket is None or self._monitor is None:
            return ()
        return (self._socket, flags), (self._monitor, zmq.POLLIN)

    def close(self) -> None:
        """Drop the connection; it may be opened again."""
        if self._socket is not None:
            self._socket.disable_monitor()
            self._socket.close(linger=0)
        if self._monitor is not None:
            self._monitor.close(linger=0)
        self._socket = self._monitor = None
