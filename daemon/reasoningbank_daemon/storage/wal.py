"""Look into a bank's files without SQLite: header, size, and the checksums of the write-ahead log.

SQLite takes a rotten WAL frame for the end of the log and drops what follows without a word. Reading the log
ourselves tells a torn tail (normal after a crash) from rot (a bad frame with good ones behind it). The format is
https://www.sqlite.org/fileformat2.html, section 4.
"""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec
import numpy as np

HEADER_BYTES = 100
SQLITE_MAGIC = b"SQLite format 3\0"
_WAL_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")
_WAL_MAGICS = (0x377F0682, 0x377F0683)


class FileHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a database's first 100 bytes say; ``pages`` is 0 where they do not know."""

    page_size: int
    pages: int
    application_id: int
    user_version: int


class WalState(msgspec.Struct, frozen=True, kw_only=True):
    """Count a log's frames: ``whole`` until the first bad one, ``after_damage`` good-looking ones behind it."""

    frames: int
    whole: int
    after_damage: int
    trailing_bytes: int

    @property
    def rotten(self) -> bool:
        """Whether frames of the current log lie behind a bad one, or its own header is bad."""
        return self.after_damage > 0


def read_file_header(path: Path) -> FileHeader | None:
    """Return a database's header, None if the file is no SQLite database."""
    with path.open("rb") as file:
        raw = file.read(HEADER_BYTES)
    if len(raw) < HEADER_BYTES or not raw.startswith(SQLITE_MAGIC):
        return None
    size = struct.unpack_from(">H", raw, 16)[0]
    pages = struct.unpack_from(">I", raw, 28)[0]
    changed, valid_for = struct.unpack_from(">I", raw, 24)[0], struct.unpack_from(">I", raw, 92)[0]
    page_size = 65_536 if size == 1 else size
    if page_size < 512 or page_size & (page_size - 1):
        return None
    return FileHeader(
        page_size=page_size,
        pages=pages if changed == valid_for else 0,
        application_id=struct.unpack_from(">I", raw, 68)[0],
        user_version=struct.unpack_from(">I", raw, 60)[0],
    )


def scan_wal(path: Path) -> WalState | None:
    """Walk a log and check each frame; None if there is no log or it is empty."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        header = file.read(_WAL_HEADER.size)
        if not header:
            return None
        if len(header) < _WAL_HEADER.size:
            return WalState(frames=0, whole=0, after_damage=0, trailing_bytes=len(header))
        magic, _, page_size, _, salt1, salt2, sum1, sum2 = _WAL_HEADER.unpack(header)
        sound = magic in _WAL_MAGICS and 512 <= page_size <= 65_536 and page_size & (page_size - 1) == 0
        order = ">" if magic & 1 else "<"
        if not sound or _checksum(header[:24], order, 0, 0) != (sum1, sum2):
            rest = len(file.read())
            return WalState(frames=0, whole=0, after_damage=1 if rest else 0, trailing_bytes=rest)
        return _walk(file.read(), page_size=page_size, order=order, salts=(salt1, salt2), sums=(sum1, sum2))


def _walk(
    body: bytes, *, page_size: int, order: str, salts: tuple[int, int], sums: tuple[int, int]
) -> WalState:
    size = _FRAME_HEADER.size + page_size
    frames = len(body) // size
    whole = after = 0
    damaged = False
    added = _frame_sums(body, frames, page_size=page_size, order=order)
    step = _powers((_FRAME_HEADER_SUMMED + page_size) // 8)[-1]
    for number in range(frames):
        page, _, salt1, salt2, sum1, sum2 = _FRAME_HEADER.unpack_from(body, number * size)
        current = (salt1, salt2) == salts and page > 0
        if damaged:
            after += int(current)
            continue
        sums = _advance(sums, step, added[number])
        if current and sums == (sum1, sum2):
            whole += 1
        else:
            damaged = True
    return WalState(frames=frames, whole=whole, after_damage=after, trailing_bytes=len(body) - frames * size)


# SQLite's checksum takes two words at a time: s0 += x0 + s1; s1 += x1 + s0 (mod 2^32). As a matrix that is
# s <- M s + (x0, x0 + x1) with M = [[1, 1], [1, 2]], whose powers are Fibonacci numbers. So what a frame adds is
# a sum of its words with fixed weights, computed for all frames at once.
_FRAME_HEADER_SUMMED = 8
_Matrix = tuple[int, int, int]
_MASK = 0xFFFFFFFF


def _powers(count: int) -> list[_Matrix]:
    """Return entries (0,0), (0,1) and (1,1) of the powers 0 to ``count`` of M, mod 2^32; they are symmetric."""
    powers = [(1, 0, 1)]
    for _ in range(count):
        left, middle, right = powers[-1]
        powers.append(((left + middle) & _MASK, (middle + right) & _MASK, (middle + 2 * right) & _MASK))
    return powers


def _advance(sums: tuple[int, int], step: _Matrix, added: tuple[int, int]) -> tuple[int, int]:
    left, middle, right = step
    return (
        (left * sums[0] + middle * sums[1] + added[0]) & _MASK,
        (middle * sums[0] + right * sums[1] + added[1]) & _MASK,
    )


def _frame_sums(body: bytes, frames: int, *, page_size: int, order: str) -> list[tuple[int, int]]:
    """Return what each frame adds to the running sums: of its header's first 8 bytes and its page."""
    if frames == 0:
        return []
    size = _FRAME_HEADER.size + page_size
    words = np.frombuffer(body, dtype=np.uint8, count=frames * size).reshape(frames, size)
    summed = np.concatenate((words[:, :_FRAME_HEADER_SUMMED], words[:, _FRAME_HEADER.size :]), axis=1)
    pairs = np.ascontiguousarray(summed).view(f"{order}u4").astype(np.uint32).reshape(frames, -1, 2)
    weights = np.array(_powers(pairs.shape[1] - 1)[::-1], dtype=np.uint32)
    first = pairs[:, :, 0]
    both = first + pairs[:, :, 1]
    low = (first * weights[:, 0] + both * weights[:, 1]).sum(axis=1, dtype=np.uint32)
    high = (first * weights[:, 1] + both * weights[:, 2]).sum(axis=1, dtype=np.uint32)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _checksum(data: bytes, order: str, sum0: int, sum1: int) -> tuple[int, int]:
    """Add a few bytes to SQLite's running pair of 32-bit sums."""
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for index in range(0, len(words), 2):
        sum0 = (sum0 + words[index] + sum1) & _MASK
        sum1 = (sum1 + words[index + 1] + sum0) & _MASK
    return sum0, sum1
