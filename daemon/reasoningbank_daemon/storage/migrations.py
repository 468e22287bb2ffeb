"""Bring a bank's schema up to date: numbered files, each applied once, in its own transaction.

The bank remembers each file by its SHA-256. A file that was applied and has changed since, or is gone, is an
error before anything runs; so is a bank that a newer program has migrated further.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

import apsw
import msgspec
import structlog

from reasoningbank_daemon.storage.backups import way_out
from reasoningbank_daemon.storage.base import StoreError
from reasoningbank_daemon.storage.sqlite import APPLICATION_ID, transaction
from reasoningbank_schema.durable_files import sync

log = structlog.get_logger(__name__)

UPGRADE = "git pull && make run"
"""There is no package in an index: the program is installed from a clone."""

_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class MigrationError(StoreError):
    """A bank's schema can't be brought up to date; the message says what to do."""


class NewerDatabaseError(MigrationError):
    """The bank was written by a newer version of this program."""


class MigrationChangedError(MigrationError):
    """A migration that this bank has seen is no longer the same file."""


class ForeignDatabaseError(MigrationError):
    """The file is a SQLite database, but not a bank of ReasoningBank."""


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one migration file; ``number`` is its place in the order, from 1."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The digest by which a bank remembers it."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations() -> tuple[Migration, ...]:
    """Return the migrations that come with this version, in order."""
    folder = resources.files("reasoningbank_schema") / "sql" / "sqlite"
    found = (
        Migration(number=int(match[1]), name=file.name, sql=file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if (match := _FILE_NAME.fullmatch(file.name))
    )
    return tuple(sorted(found, key=lambda migration: migration.number))


def load_schema() -> str:
    """Return the whole current schema as one script."""
    return (resources.files("reasoningbank_schema") / "sql" / "sqlite" / "schema.sql").read_text(
        encoding="utf-8"
    )


def check_identity(db: apsw.Connection, migrations: Sequence[Migration]) -> int:
    """Return the number of the last migration that a bank has seen, 0 for an empty file; changes nothing.

    Raises
    ------
    ForeignDatabaseError
        When the file holds tables and is not marked as a bank.
    NewerDatabaseError
        When it has seen a migration that this version does not know.
    MigrationChangedError
        When a migration that it has seen is another file now.
    """
    application = db.pragma("application_id")
    if application != APPLICATION_ID:
        tables = db.execute("SELECT count(*) FROM sqlite_schema").get
        if application == 0 and tables == 0:
            return 0
        raise ForeignDatabaseError(
            f"{db.filename} is a SQLite database of another program (application id {application:#010x}, "
            f"{tables} tables and indexes); nothing was changed. Move it away, or set another data folder",
            next_step=way_out(Path(db.filename)).commands,
        )
    version = int(db.pragma("user_version"))
    known = {migration.number: migration for migration in migrations}
    newest = max(known, default=0)
    if version > newest:
        out = way_out(Path(db.filename))
        raise NewerDatabaseError(
            f"{db.filename} was written by a newer version of ReasoningBank (schema {version}; this program knows "
            f"up to {newest}); nothing was changed. Upgrade the checkout that this program was installed from "
            f"({UPGRADE}). To stay with this version: {out.advice[0].lower()}{out.advice[1:]}",
            next_step=f"{UPGRADE}   (in the checkout)",
        )
    _check_unchanged(db, known)
    return version


def _check_unchanged(db: apsw.Connection, known: dict[int, Migration]) -> None:
    for number, name, sha256 in db.execute("SELECT number, name, sha256 FROM migration ORDER BY number"):
        migration = known.get(number)
        if migration is None:
            raise MigrationChangedError(
                f"{db.filename} has seen migration {name}, which this program does not have; nothing was changed. "
                "Install the version that wrote the bank",
                next_step=f"{UPGRADE}   (in the checkout)",
            )
        if migration.sha256 != sha256:
            raise MigrationChangedError(
                f"{db.filename} has seen migration {name} with sha256 {sha256[:12]}…, but this program's file has "
                f"{migration.sha256[:12]}…; nothing was changed. Reinstall ReasoningBank: a released migration is "
                "never edited",
                next_step=f"{UPGRADE}   (in the checkout)",
            )


def migrate(
    db: apsw.Connection,
    migrations: Sequence[Migration],
    *,
    now_ns: int,
    backup: Callable[[apsw.Connection, int], Path] | None = None,
) -> int:
    """Apply what a bank has not seen yet; return how many files that were.

    Each file, its record and the new version number share one transaction: a file that fails leaves no trace
    and stays pending. ``backup`` is called once before the first one, unless the bank is new.
    """
    version = check_identity(db, migrations)
    pending = [migration for migration in migrations if migration.number > version]
    if pending and version > 0 and backup is not None:
        log.info("bank_backed_up", before=pending[0].name, copy=str(backup(db, version)))
    for migration in pending:
        _apply(db, migration, now_ns=now_ns)
        log.debug("migration_applied", name=migration.name)
    return len(pending)


def _apply(db: apsw.Connection, migration: Migration, *, now_ns: int) -> None:
    try:
        with transaction(db):
            db.execute(migration.sql)
            db.execute(
                "INSERT INTO migration (number, name, sha256, applied_ns) VALUES (?, ?, ?, ?)",
                (migration.number, migration.name, migration.sha256, now_ns),
            )
            db.pragma("application_id", APPLICATION_ID)
            db.pragma("user_version", migration.number)
    except apsw.Error as error:
        raise MigrationError(
            f"migration {migration.name} failed on {db.filename} and was undone: {error}. "
            "The backup taken before it is in the backups folder; run: reasoningbank doctor"
        ) from error


def backup_into(folder: Path, *, now_ns: int) -> Callable[[apsw.Connection, int], Path]:
    """Return a function that copies a bank into ``folder`` through SQLite's backup API, synced to disk."""

    def copy(db: apsw.Connection, version: int) -> Path:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = folder / f"memory-schema{version}-{now_ns}.db"
        copy_bank(db, target)
        return target

    return copy


def copy_bank(db: apsw.Connection, target: Path) -> None:
    """Copy a whole bank to a new file, consistently, while others read and write it."""
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    destination = apsw.Connection(str(partial))
    try:
        with destination.backup("main", db, "main") as running:
            while not running.done:
                running.step(1000)
    finally:
        destination.close()
    partial.chmod(0o600)
    sync(partial)
    partial.rename(target)
