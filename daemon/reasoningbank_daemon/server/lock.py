"""The lock that makes it one daemon per bank."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


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

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, *, pid: int) -> None:
        """Take the lock at once or raise `AlreadyRunningError`."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _read_pid(descriptor)
            os.close(descriptor)
            raise AlreadyRunningError(self._path, holder) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{pid}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock up; the file stays, because removing it would let two processes lock two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
