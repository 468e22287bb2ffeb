"""Connections to the bank: how they are set up, and how a transaction is opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

APPLICATION_ID = 0x52424E4B
"""``RBNK``: written into the header of every bank, so that a file of another program is never taken for one."""

PAGE_BYTES = 8_192
BUSY_TIMEOUT_MS = 5_000
WRITER_CACHE_KIB = 16_384
READER_CACHE_KIB = 2_048
WAL_KEPT_BYTES = 16 * 1024 * 1024


def open_writer(path: Path, *, vfs: str | None = None) -> apsw.Connection:
    """Open the one connection that writes; the file is created when it is absent."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    db = apsw.Connection(str(path), flags=flags, vfs=vfs, statementcachesize=300)
    try:
        _choose_page_size(db)
        _configure(db, cache_kib=WRITER_CACHE_KIB)
        _write_ahead(db)
    except BaseException:
        db.close()
        raise
    return db


def open_reader(path: Path) -> apsw.Connection:
    """Open a connection that can't write; one per thread, and no transaction longer than a request."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=100)
    try:
        _configure(db, cache_kib=READER_CACHE_KIB)
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def transaction(db: apsw.Connection) -> Iterator[None]:
    """Run a block in one transaction that takes the write lock at once; any exception rolls it back."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A failed COMMIT (full disk) may have rolled back by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(db: apsw.Connection) -> Iterator[None]:
    """Let all reads of a block see the bank at one moment; keep it short, it holds up checkpoints."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def fetch(db: apsw.Connection, sql: str, values: tuple[Any, ...] | Mapping[str, Any]) -> list[Any]:
    """Return all rows of a statement; their types are known to it (STRICT tables enforce them), not to mypy."""
    return db.execute(sql, values).fetchall()


def _configure(db: apsw.Connection, *, cache_kib: int) -> None:
    _wait_for_locks(db)
    _bound_cache(db, cache_kib)
    _read_without_mapping(db)
    _demand_durability(db)
    _enforce_references(db)
    _distrust_the_file(db)


def _choose_page_size(db: apsw.Connection) -> None:
    """Give a new bank larger pages: rows of a kilobyte leave half a row unused at the end of each."""
    db.pragma("page_size", PAGE_BYTES)


def _wait_for_locks(db: apsw.Connection) -> None:
    """Wait for a lock rather than fail: checkpoints and backups hold one for moments."""
    db.set_busy_timeout(BUSY_TIMEOUT_MS)


def _bound_cache(db: apsw.Connection, cache_kib: int) -> None:
    """Give the page cache a size in KiB, so that memory does not grow with the bank."""
    db.pragma("cache_size", -cache_kib)


def _read_without_mapping(db: apsw.Connection) -> None:
    """Read with system calls: a mapped file that somebody truncates kills the process with SIGBUS."""
    db.pragma("mmap_size", 0)


def _demand_durability(db: apsw.Connection) -> None:
    """Sync the WAL at each COMMIT: what is acknowledged survives a power cut, not only a crash."""
    db.pragma("synchronous", "FULL")


def _enforce_references(db: apsw.Connection) -> None:
    """Enforce foreign keys, which SQLite leaves off for the sake of old schemas."""
    db.pragma("foreign_keys", 1)


def _distrust_the_file(db: apsw.Connection) -> None:
    """Run no function or view that a file brings along, and check each page as it is read."""
    db.pragma("trusted_schema", 0)
    db.pragma("cell_size_check", 1)


def _write_ahead(db: apsw.Connection) -> None:
    """Keep a WAL: readers never wait for the writer; the writer itself decides when to checkpoint."""
    mode = db.pragma("journal_mode", "wal")
    if mode != "wal":
        raise apsw.CantOpenError(
            f"the folder's file system has no shared memory for a WAL (journal mode {mode})"
        )
    db.wal_autocheckpoint(0)
    db.pragma("journal_size_limit", WAL_KEPT_BYTES)
