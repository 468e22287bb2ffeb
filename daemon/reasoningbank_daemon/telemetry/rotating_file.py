"""A log file that can't fill the disk: a fixed number of files of a fixed size, readable by their owner alone."""

from __future__ import annotations

import os
import threading
from pathlib import Path

MAX_BYTES = 5 << 20
FILES = 5


class RotatingFile:
    """Append lines to ``path``; at ``max_bytes`` it becomes ``path.1``, that one ``path.2``, and the oldest goes.

    Thread-safe. Writing never raises: a full disk must not stop the service whose log this is. Lines that
    could not be written are counted in `lost`, and the first line that can be written again is preceded by one
    that tells how many.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, files: int = FILES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._files = files
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._size = 0
        self.lost = 0

    def write(self, line: str) -> None:
        """Append one line; its newline is added here."""
        raw = line.encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            if self.lost:
                raw = b'{"event":"log_lines_lost","level":"warning","lines":%d}\n' % self.lost + raw
            try:
                self._append(raw)
            except OSError:
                self.lost += 1
                self._close()
            else:
                self.lost = 0

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        with self._lock:
            self._close()

    def _append(self, raw: bytes) -> None:
        if self._descriptor is not None and self._size + len(raw) > self._max_bytes:
            self._close()
            self._rotate()
        descriptor = self._open()
        before = self._size
        written = os.write(descriptor, raw)
        self._size += written
        if written < len(raw):
            # The disk filled up in the middle: half a line would spoil the next one.
            os.ftruncate(descriptor, before)
            self._size = before
            raise OSError("the line was written in part")

    def _open(self) -> int:
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._path, flags, 0o600)
            self._size = os.fstat(self._descriptor).st_size
            if self._size >= self._max_bytes:
                self._close()
                self._rotate()
                return self._open()
        return self._descriptor

    def _rotate(self) -> None:
        """Rename upward, oldest first, so that no name is needed twice."""
        for number in range(self._files - 2, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
