"""The lock that makes it one daemon per bank."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

LOOKERS_TRIES = 1_000
LOOKERS_PAUSE_S = 0.001


class AlreadyRunningError(Exception):
    """Another daemon holds the lock; ``pid`` is what it wrote into the file, None when unreadable."""

    def __init__(self, path: Path, pid: int | None) -> None:
        super().__init__(
            f"another daemon{f' (pid {pid})' if pid else ''} serves this bank: it holds {path}. "
            "See it with: reasoningbank status"
        )
        self.path = path
        self.pid = pid


class DaemonLock:
    """Hold an exclusive `flock` for the life of the process.

    A second process that binds the same ipc path succeeds and steals it, so the socket can't serve as the
    lock. The kernel drops a flock when its holder dies, however it dies: there is no stale lock.
    """

    def __init__(self, path: Path, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._path = path
        self._pause = pause
        self._descriptor: int | None = None

    def acquire(self, *, pid: int) -> None:
        """Take the lock or raise `AlreadyRunningError`; who only looks whether it is held is waited for."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(descriptor)
        except BlockingIOError as error:
            holder = _read_pid(descriptor)
            os.close(descriptor)
            raise AlreadyRunningError(self._path, holder) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{pid}\n".encode(), 0)
        self._descriptor = descriptor

    def _take(self, descriptor: int) -> None:
        for _ in range(LOOKERS_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # `status` looks by taking a shared lock for a moment. Where that is possible no daemon runs.
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                fcntl.flock(descriptor, fcntl.LOCK_UN)
                self._pause(LOOKERS_PAUSE_S)
            else:
                return
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Give the lock up; the file stays, because removing it would let two processes lock two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
