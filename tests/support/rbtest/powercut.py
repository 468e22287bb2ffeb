"""A file system that forgets: what was written and not yet synced is gone when the power fails.

SIGKILL proves little, because the page cache survives it. Here every write goes to the real file, so that SQLite
sees what it wrote, and is remembered as pending until the file is synced. At the n-th sync the power fails: that
sync and everything after it fails, and `survivors` says what the disk would hold.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import apsw

SECTOR_BYTES = 512


class _Write:
    """One write that the disk may or may not have: at an offset, or the cut of a file (``data`` None)."""

    def __init__(self, offset: int, data: bytes | None) -> None:
        self.offset, self.data = offset, data


class PowerCut(apsw.VFS):
    """The file system; ``cut_at`` is the number of the sync at which the power fails, None for never."""

    def __init__(self, name: str, *, cut_at: int | None) -> None:
        super().__init__(name, "")
        self.name = name
        self.cut_at = cut_at
        self.syncs = 0
        self.dead = False
        self.durable: dict[str, bytearray] = {}
        self.pending: dict[str, list[_Write]] = {}

    def xOpen(self, name: Any, flags: Any) -> _File:  # noqa: N802  SQLite's name
        if self.dead:
            raise apsw.CantOpenError("the power is off")
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802  SQLite's name and order
        if self.dead:
            return  # the disk keeps what it has
        super().xDelete(filename, syncdir)
        self.durable.pop(filename, None)
        self.pending.pop(filename, None)

    def excepthook(
        self,
        etype: type[BaseException] | None,
        evalue: BaseException | None,
        etraceback: TracebackType | None,
    ) -> bool:
        """Say nothing: every error raised here is meant."""
        del etype, evalue, etraceback
        return True

    def sync(self, path: str) -> None:
        """Make a file's pending writes durable, unless this is where the power fails."""
        self.syncs += 1
        if self.cut_at is not None and self.syncs >= self.cut_at:
            self.dead = True
            raise apsw.IOError("the power failed")
        image = self.durable.setdefault(path, bytearray())
        for write in self.pending.pop(path, []):
            _apply(image, write)

    def survivors(self, *, rng: random.Random | None = None) -> Mapping[str, bytes]:
        """Return what each file holds after the power failed.

        Without ``rng`` nothing that was pending survives. With it each pending sector does or does not, by chance:
        disks write in any order.
        """
        images = {path: bytearray(image) for path, image in self.durable.items()}
        if rng is not None:
            for path, writes in self.pending.items():
                for write in writes:
                    _apply_torn(images.setdefault(path, bytearray()), write, rng)
        return {path: bytes(image) for path, image in images.items()}


class _File(apsw.VFSFile):
    def __init__(self, vfs: PowerCut, name: Any, flags: Any) -> None:
        super().__init__("", name, flags)
        self._vfs = vfs
        self._path = name if isinstance(name, str) else name.filename()

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802  SQLite's name
        self._need_power()
        super().xWrite(data, offset)
        self._vfs.pending.setdefault(self._path, []).append(_Write(offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  SQLite's name
        self._need_power()
        super().xTruncate(newsize)
        self._vfs.pending.setdefault(self._path, []).append(_Write(newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: N802  SQLite's name
        self._need_power()
        super().xSync(flags)
        self._vfs.sync(self._path)

    def excepthook(
        self,
        etype: type[BaseException] | None,
        evalue: BaseException | None,
        etraceback: TracebackType | None,
    ) -> bool:
        """Say nothing: every error raised here is meant."""
        del etype, evalue, etraceback
        return True

    def _need_power(self) -> None:
        if self._vfs.dead:
            raise apsw.IOError("the power is off")


def _apply(image: bytearray, write: _Write) -> None:
    if write.data is None:
        del image[write.offset :]
        return
    end = write.offset + len(write.data)
    if len(image) < end:
        image.extend(bytes(end - len(image)))
    image[write.offset : end] = write.data


def _apply_torn(image: bytearray, write: _Write, rng: random.Random) -> None:
    if write.data is None:
        if rng.random() < 0.5:
            _apply(image, write)
        return
    for start in range(0, len(write.data), SECTOR_BYTES):
        if rng.random() < 0.5:
            _apply(image, _Write(write.offset + start, write.data[start : start + SECTOR_BYTES]))


def put_back(survivors: Mapping[str, bytes], folder: Path) -> None:
    """Write what survived into a folder, under the files' own names."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, image in survivors.items():
        (folder / Path(path).name).write_bytes(image)
