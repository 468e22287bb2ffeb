"""Find what is wrong with a bank without changing it; `reasoningbank doctor` shows the findings."""

from __future__ import annotations

import enum
import os
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import apsw
import msgspec

from reasoningbank_daemon.storage import migrations, sqlite
from reasoningbank_daemon.storage.backups import way_out
from reasoningbank_daemon.storage.base import StoreError
from reasoningbank_daemon.storage.compression import DamagedTextError, unpack
from reasoningbank_daemon.storage.opening import examine_files, name_loss, peek_bank
from reasoningbank_daemon.storage.watermark import WatermarkError, read_watermark
from reasoningbank_schema.paths import Paths

LOW_DISK_BYTES = 200 * 1024 * 1024
FINDINGS_SHOWN = 20

_PACKED_COLUMNS = (
    ("turn", "prompt"),
    ("turn", "last_message"),
    ("step", "command"),
    ("step", "output"),
    ("step", "diff"),
    ("step", "verdict_detail"),
    ("delegation", "prompt"),
    ("decision", "detail"),
    ("experience", "text"),
)


class Gravity(enum.StrEnum):
    """Say how bad a finding is: ``error`` keeps the bank from being used or means loss."""

    ERROR = "error"
    WARNING = "warning"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one thing that is wrong and what to do about it, in words."""

    gravity: Gravity
    about: str
    message: str
    next_step: str = ""


def inspect(paths: Paths, *, deep: bool = False) -> list[Finding]:
    """Return what is wrong with the bank; empty means that nothing was found.

    Quick looks at files, schema, watermark and disk. Deep reads every page and every compressed text as well:
    about a second per 100 MB.
    """
    findings = [*_folder(paths), *_files(paths)]
    if any(finding.gravity is Gravity.ERROR and finding.about == "bank" for finding in findings):
        return findings
    findings += _sequence(paths)
    if deep and paths.bank.exists() and not _blocked(findings):
        findings += _contents(paths)
    return findings


def _blocked(findings: list[Finding]) -> bool:
    return any(finding.about in {"bank", "schema"} for finding in findings)


def _error(about: str, message: str, next_step: str = "") -> Finding:
    return Finding(gravity=Gravity.ERROR, about=about, message=message, next_step=next_step)


def _unusable(about: str, error: StoreError) -> Finding:
    return _error(about, str(error), error.next_step)


def _folder(paths: Paths) -> Iterator[Finding]:
    folder = paths.data_dir
    if not folder.exists():
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield _error(
            "folder", f"{folder} can't be written: the daemon can't store anything; check who owns it"
        )
    free = shutil.disk_usage(folder).free
    if free < LOW_DISK_BYTES:
        yield Finding(
            gravity=Gravity.WARNING,
            about="disk",
            message=f"{free // 2**20} MB are free where the bank lies ({folder}): make room",
        )


def _files(paths: Paths) -> Iterator[Finding]:
    try:
        for doubt in examine_files(paths.bank):
            yield _error(
                "files", f"{doubt}. Start the daemon: it copies the files aside before it opens them"
            )
    except StoreError as error:
        yield _unusable("bank", error)
        return
    if paths.bank.exists() and not os.access(paths.bank, os.R_OK | os.W_OK):
        yield _error(
            "bank",
            f"{paths.bank} can't be read and written by this user; check who owns it",
            f"ls -l {paths.bank}",
        )


def _sequence(paths: Paths) -> Iterator[Finding]:
    try:
        mark = read_watermark(paths.watermark)
    except WatermarkError as error:
        yield Finding(gravity=Gravity.WARNING, about="watermark", message=str(error))
        mark = None
    try:
        peek = peek_bank(paths.bank)
    except migrations.MigrationError as error:
        yield _unusable("schema", error)
        return
    except StoreError as error:
        yield _unusable("bank", error)
        return
    if loss := name_loss(peek, mark, paths.bank):
        yield _error("loss", loss)


def _contents(paths: Paths) -> Iterator[Finding]:
    try:
        db = sqlite.open_reader(paths.bank)
    except apsw.Error as error:
        yield _error("bank", f"{paths.bank} can't be opened: {error}", f"ls -l {paths.bank}")
        return
    try:
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        yield from _integrity(db, paths.bank)
        yield from _references(db)
        yield from _texts(db)
    except apsw.Error as error:
        out = way_out(paths.bank)
        yield _error("bank", f"{paths.bank} is damaged: {error}. {out.advice}", out.commands)
    finally:
        db.close()


def _integrity(db: apsw.Connection, bank: Path) -> Iterator[Finding]:
    out = way_out(bank)
    for (message,) in db.execute(f"PRAGMA integrity_check({FINDINGS_SHOWN})"):
        if message != "ok":
            yield _error("integrity", f"the database is damaged: {message}. {out.advice}", out.commands)


def _references(db: apsw.Connection) -> Iterator[Finding]:
    broken = db.execute("PRAGMA foreign_key_check")
    for table, row, parent, _ in islice(broken, FINDINGS_SHOWN):
        yield _error(
            "references", f"row {row} of table {table} points at a row of {parent} that is not there"
        )


def _texts(db: apsw.Connection) -> Iterator[Finding]:
    for table, column in _PACKED_COLUMNS:
        rows = db.execute(f"SELECT id, {column} FROM {table} WHERE typeof({column}) = 'blob'")  # noqa: S608  fixed names
        for row, packed in rows:
            try:
                unpack(packed)
            except DamagedTextError as error:
                yield _error("texts", f"{column} of {table} {row} is damaged: {error}")
