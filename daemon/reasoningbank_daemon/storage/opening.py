"""Open the bank with open eyes: look at the files first, keep a copy when in doubt, name what is missing."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import apsw
import msgspec
import structlog

from reasoningbank_daemon.storage import migrations, sqlite, wal
from reasoningbank_daemon.storage.backups import way_out
from reasoningbank_daemon.storage.base import StoreError
from reasoningbank_daemon.storage.watermark import Watermark, WatermarkError, read_watermark
from reasoningbank_daemon.storage.writer import explain
from reasoningbank_schema.durable_files import sync
from reasoningbank_schema.paths import Paths

log = structlog.get_logger(__name__)


class NotABankError(StoreError):
    """The file in the bank's place is no SQLite database."""


class DamagedBankError(StoreError):
    """The bank is a SQLite database that can't be read."""


class ReadOnlyBankError(StoreError):
    """The bank or its folder can't be written."""


class DiskFullError(StoreError):
    """There is no room to open or migrate the bank."""


class Peek(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a bank says of itself when it is read without changing it."""

    bank_id: str
    sequence: int


class OpenedBank(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the writing connection, which bank it is, and what a person should hear about it."""

    db: apsw.Connection
    bank_id: str
    warnings: tuple[str, ...]


def open_bank(paths: Paths, *, now_ns: int, vfs: str | None = None) -> OpenedBank:
    """Open or create the bank for writing, its schema up to date.

    Raises
    ------
    StoreError
        One of its kinds, when the bank can't be used; its files are then as they were.
    """
    _make_folder(paths.data_dir)
    doubts = examine_files(paths.bank)
    mark, unreadable = _noted(paths)
    peek = peek_bank(paths.bank)
    loss = name_loss(peek, mark, paths.bank)
    doubts = [*doubts, *([loss] if loss else [])]
    if doubts:
        copies = _set_aside(paths, now_ns=now_ns)
        if copies is not None:
            doubts = [f"{doubt}. The files as they were found are in {copies}" for doubt in doubts]
    for doubt in doubts:
        log.warning("bank_in_doubt", reason=doubt)
    db = _open_for_writing(paths, now_ns=now_ns, vfs=vfs)
    return OpenedBank(db=db, bank_id=_bank_id(db), warnings=(*doubts, *unreadable))


def examine_files(bank: Path) -> list[str]:
    """Look at the files without SQLite; return what is doubtful about them.

    Raises
    ------
    NotABankError
        When the file is no SQLite database.
    DamagedBankError
        When its end is missing.
    ReadOnlyBankError
        When it can't be read.
    """
    doubts: list[str] = []
    try:
        if not bank.exists() or bank.stat().st_size == 0:
            return _orphaned_wal(bank)
        header = wal.read_file_header(bank)
        if header is None:
            raise _unusable(NotABankError, bank, f"no SQLite database ({bank.stat().st_size} bytes)")
        state = wal.scan_wal(wal_of(bank))
        missing = header.pages * header.page_size - bank.stat().st_size
        if missing > 0 and state is None:
            raise _unusable(
                DamagedBankError, bank, f"damaged: it was cut off, {missing} bytes are missing at its end"
            )
    except PermissionError as error:
        raise ReadOnlyBankError(
            f"{bank} can't be read: {error.strerror}; check who owns it", next_step=f"ls -l {bank}"
        ) from error
    if state is not None and state.rotten:
        doubts.append(
            f"{wal_of(bank)} is damaged: after {state.whole} good frames a bad one, and {state.after_damage} more "
            "that SQLite will not read"
        )
    return doubts


def _orphaned_wal(bank: Path) -> list[str]:
    if (state := wal.scan_wal(wal_of(bank))) is not None and state.frames:
        return [f"{bank} is gone or empty, but its log {wal_of(bank)} holds {state.frames} frames"]
    return []


def peek_bank(bank: Path, *, identify: bool = True) -> Peek | None:
    """Read a bank's id and sequence without changing database or log; None for one that is absent or empty.

    Raises
    ------
    StoreError
        When it can't be read, or is not a bank of this program or a newer one's (``identify``).
    """
    if not bank.exists() or bank.stat().st_size == 0:
        return None
    try:
        db = sqlite.open_reader(bank)
    except apsw.Error as error:
        raise _typed(error, bank) from error
    try:
        # Otherwise the last connection to close would copy the log into the database, and delete it.
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        version = migrations.check_identity(db, migrations.load_migrations()) if identify else 1
        if version == 0:
            return None
        meta = dict(db.execute("SELECT name, value FROM meta"))
    except apsw.Error as error:
        raise _typed(error, bank) from error
    finally:
        db.close()
    return Peek(bank_id=str(meta.get("bank_id", "")), sequence=int(meta.get("sequence", 0) or 0))


def name_loss(peek: Peek | None, mark: Watermark | None, bank: Path) -> str | None:
    """Say what a bank lacks of what it had acknowledged; None if nothing is known to be missing."""
    if mark is None or mark.sequence == 0:
        return None
    if peek is None:
        return (
            f"{bank} is gone or empty, but writes up to {mark.sequence} had been acknowledged; a new bank begins. "
            "To go back, stop the daemon and put the bank or a backup in its place"
        )
    if peek.bank_id != mark.bank_id:
        return (
            f"{bank} is another bank than the one last used (restored or replaced?): it has {peek.sequence} writes, "
            f"the other one had acknowledged {mark.sequence}"
        )
    if peek.sequence < mark.sequence:
        return (
            f"{bank} lacks {mark.sequence - peek.sequence} acknowledged writes: {mark.sequence} were noted, "
            f"{peek.sequence} are there. Its log was truncated or damaged, or an older copy was put in its place"
        )
    return None


def wal_of(bank: Path) -> Path:
    """Return the path of a bank's write-ahead log."""
    return bank.with_name(bank.name + "-wal")


def _noted(paths: Paths) -> tuple[Watermark | None, tuple[str, ...]]:
    try:
        return read_watermark(paths.watermark), ()
    except WatermarkError as error:
        log.warning("watermark_unreadable", reason=str(error))
        return None, (str(error),)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ReadOnlyBankError(
            f"the data folder {folder} can't be made: {error.strerror}; set another one with XDG_DATA_HOME"
        ) from error


def _set_aside(paths: Paths, *, now_ns: int) -> Path | None:
    """Copy database, log and log index away before SQLite touches them; None if there is nothing to copy."""
    found = [path for path in (paths.bank, wal_of(paths.bank)) if path.exists() and path.stat().st_size]
    if not found:
        return None
    folder = paths.backups / f"found-{now_ns}"
    try:
        folder.mkdir(mode=0o700, parents=True)
        for path in found:
            shutil.copy2(path, folder / path.name)
            sync(folder / path.name)
    except OSError as error:
        raise DiskFullError(
            f"the bank's files are in doubt and can't be copied to {folder} before they are opened: "
            f"{error.strerror}; nothing was changed. Make room, then start again"
        ) from error
    return folder


def _open_for_writing(paths: Paths, *, now_ns: int, vfs: str | None) -> apsw.Connection:
    try:
        db = sqlite.open_writer(paths.bank, vfs=vfs)
    except apsw.Error as error:
        raise _typed(error, paths.bank) from error
    try:
        paths.bank.chmod(0o600)
        backup = migrations.backup_into(paths.backups, now_ns=now_ns)
        migrations.migrate(db, migrations.load_migrations(), now_ns=now_ns, backup=backup)
        with sqlite.transaction(db):
            db.execute(
                "INSERT INTO meta (name, value) VALUES ('bank_id', ?) ON CONFLICT DO NOTHING",
                (uuid.uuid4().hex,),
            )
    except apsw.Error as error:
        abandon(db)
        raise _typed(error, paths.bank) from error
    except (StoreError, OSError) as error:
        abandon(db)
        cause = error.__cause__
        if isinstance(error, StoreError) and not isinstance(cause, apsw.FullError | apsw.ReadOnlyError):
            raise
        raise _typed(cause if isinstance(cause, apsw.Error) else error, paths.bank) from error
    return db


def abandon(db: apsw.Connection) -> None:
    """Close a connection that is of no more use; what it reports now is what has been reported before."""
    try:
        db.close()
    except apsw.Error as error:
        log.debug("close_failed", reason=str(error))


def _bank_id(db: apsw.Connection) -> str:
    return str(db.execute("SELECT value FROM meta WHERE name = 'bank_id'").get)


def _unusable(kind: type[StoreError], bank: Path, what: str) -> StoreError:
    out = way_out(bank)
    saved = f", or recover what is left with: sqlite3 {bank} .recover" if kind is DamagedBankError else ""
    return kind(f"{bank} is {what}; nothing was changed. {out.advice}{saved}", next_step=out.commands)


def _typed(error: Exception, bank: Path) -> StoreError:
    """Give an error of the database the name under which this program knows it."""
    if isinstance(error, apsw.FullError):
        return DiskFullError(f"{bank} can't be opened: {explain(error)}")
    if isinstance(error, apsw.NotADBError):
        return _unusable(NotABankError, bank, f"no SQLite database: {error}")
    if isinstance(error, apsw.CorruptError):
        return _unusable(DamagedBankError, bank, f"damaged: {error}")
    if isinstance(error, apsw.ReadOnlyError | apsw.CantOpenError | apsw.PermissionsError | OSError):
        return ReadOnlyBankError(
            f"{bank} can't be written: {error}; check that you own it and its folder {bank.parent}, and that the "
            "file system is not read-only",
            next_step=f"ls -ld {bank.parent} {bank}",
        )
    if isinstance(error, apsw.Error):
        return DamagedBankError(f"{bank} can't be opened: {explain(error)}")
    return StoreError(f"{bank} can't be opened: {error}")
