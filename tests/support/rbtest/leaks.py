"""Look for texts in everything that a bank keeps: each file's bytes, and each column of its database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import apsw

from reasoningbank_daemon.storage.compression import DamagedTextError, unpack


def kept_texts(home: Path) -> Iterator[tuple[str, str]]:
    """Yield everything under a folder as (where, text): files as they are, columns with their texts unpacked."""
    for file in sorted(home.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(home)), file.read_bytes().decode("latin-1")
    for bank in home.rglob("memory.db"):
        yield from _columns(bank)


def _columns(bank: Path) -> Iterator[tuple[str, str]]:
    with closing(apsw.Connection(str(bank), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            names = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
            for row in db.execute(f'SELECT * FROM "{table}"'):
                for name, value in zip(names, row, strict=True):
                    if isinstance(value, str | bytes):
                        yield f"{table}.{name}", _text(value)


def _text(value: str | bytes) -> str:
    try:
        return unpack(value)
    except DamagedTextError:
        assert isinstance(value, bytes)
        return value.decode("latin-1")  # a number, a hash: no text of ours


def find(home: Path, needles: Iterable[str]) -> dict[str, set[str]]:
    """Return where each of the needles that is kept anywhere is kept, upper or lower case."""
    wanted = [(needle, needle.lower()) for needle in needles]
    found: dict[str, set[str]] = {}
    for where, text in kept_texts(home):
        lowered = text.lower()
        for needle, low in wanted:
            if low in lowered:
                found.setdefault(needle, set()).add(where)
    return found
