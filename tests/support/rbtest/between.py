"""A go-between on the daemon's socket: hooks reach the real daemon through it, and it decides what comes back."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable
from typing import Self

from rbtest.daemon_process import DaemonProcess

HANDSHAKE_BYTES = 64 + 43
"""What the hook sends before its request: greeting and READY."""


class GoBetween:
    """Pass the handshake and requests on, and keep the daemon's answers until `release`.

    The daemon's socket is moved aside and its place taken, until the end. ``on_request`` is called, once per connection, when a
    request has been passed on.
    """

    def __init__(self, daemon: DaemonProcess, on_request: Callable[[], None] = lambda: None) -> None:
        self._place = daemon.paths.socket
        self._behind = self._place.with_name("daemon.sock")
        self._place.rename(self._behind)
        self._on_request = on_request
        self._released = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self._place))
        owner = self._behind.stat().st_uid
        os.chown(self._place, owner, owner)
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        # Closing alone would leave it listening for as long as the thread waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=10)
        self._listener.close()
        self._behind.rename(self._place)

    def release(self) -> None:
        """Let every answer go on its way; most find that nobody waits for them any more."""
        self._released.set()

    def _accept(self) -> None:
        while True:
            try:
                hook, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(hook,), daemon=True).start()

    def _serve(self, hook: socket.socket) -> None:
        # Either end may leave whenever it likes: that is what this is for.
        with contextlib.suppress(OSError), hook, socket.socket(socket.AF_UNIX) as daemon:
            daemon.connect(str(self._behind))
            self._pass_on(hook, daemon)

    def _pass_on(self, hook: socket.socket, daemon: socket.socket) -> None:
        passed = 0
        ends = [hook, daemon]
        while ends:
            for end in select.select(ends, [], [])[0]:
                data = end.recv(1 << 16)
                if not data:
                    # A hook that has left is not the daemon's end of the line, so that it answers into the void.
                    ends.remove(end)
                    if end is daemon:
                        return
                elif end is hook:
                    daemon.sendall(data)
                    if passed <= HANDSHAKE_BYTES < passed + len(data):
                        self._on_request()
                    passed += len(data)
                elif passed <= HANDSHAKE_BYTES or self._released.is_set():
                    hook.sendall(data)
                else:
                    self._released.wait()
                    hook.sendall(data)
