"""ZMTP by hand over a Unix socket: libzmq's own sockets refuse to send what a hostile peer would."""

from __future__ import annotations

import select
import socket
from pathlib import Path
from typing import Self

GREETING = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL" + b"\0" * 48
READY = b"\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"

_READ_BYTES = 1 << 16


class HandshakenPeer:
    """One connection that has shaken hands as a DEALER, and may say anything from now on."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(str(path))
        self._socket.sendall(GREETING + READY)
        received = b""
        # The daemon's greeting, then its READY: a short command frame, which tells its own length.
        while len(received) < 66 or len(received) < 66 + received[65]:
            chunk = self._socket.recv(_READ_BYTES)
            assert chunk, "hung up during the handshake"
            received += chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def push(self, raw: bytes) -> bool:
        """Send bytes as they are; say whether the other end still listens."""
        try:
            self._socket.sendall(raw)
            while select.select([self._socket], [], [], 0)[0]:
                if not self._socket.recv(_READ_BYTES):
                    return False
        except OSError:
            return False
        return True
