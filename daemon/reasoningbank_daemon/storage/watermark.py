"""The last acknowledged sequence, noted outside the database.

A truncated or rotten WAL opens without complaint, its last transactions missing. Only something outside the
database can tell: if the bank is behind this note, acknowledged writes are gone.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class WatermarkError(Exception):
    """The note can't be read; the message says what to do."""


class Watermark(msgspec.Struct, frozen=True, kw_only=True):
    """Hold which bank had acknowledged which sequence, and when (nanoseconds since the epoch)."""

    bank_id: str
    sequence: int
    at_ns: int


def write_watermark(path: Path, mark: Watermark) -> None:
    """Replace the note: written whole, synced, then renamed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(mark))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.rename(path)


def read_watermark(path: Path) -> Watermark | None:
    """Return the note, None when there is none.

    Raises
    ------
    WatermarkError
        When the file holds something else.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WatermarkError(f"{path} can't be read ({error.strerror}); check its permissions") from error
    try:
        return msgspec.json.decode(raw, type=Watermark)
    except msgspec.DecodeError as error:
        raise WatermarkError(
            f"{path} does not hold a watermark ({error}); delete it if the bank is known to be whole"
        ) from error
