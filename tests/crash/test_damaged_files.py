"""Damaged, foreign, newer, unwritable: each is named with what to do, and nothing unreadable is touched."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from rbtest.bank import Bank, Play, folder_as_project, real_rules, scratch_paths
from rbtest.forked import in_child

from reasoningbank_daemon.storage.inspection import Finding, Gravity, inspect
from reasoningbank_daemon.storage.migrations import ForeignDatabaseError, MigrationError, NewerDatabaseError
from reasoningbank_daemon.storage.opening import (
    DamagedBankError,
    NotABankError,
    ReadOnlyBankError,
    open_bank,
    wal_of,
)
from reasoningbank_daemon.storage.records import Effects, Outcome, RememberRecord
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_daemon.storage.watermark import Watermark, read_watermark, write_watermark
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.messages import Remember
from reasoningbank_schema.paths import Paths

NOBODY = 65534


def _open_store(paths: Paths, effects: list[Effects] | None = None) -> SqliteStore:
    told: list[Effects] = [] if effects is None else effects
    return SqliteStore(paths, rules=real_rules(), project_key=folder_as_project, on_commit=told.append)


def _fill(store: SqliteStore, count: int, *, first: int = 1, width: int = 60) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for number in range(first, first + count):
        text = f"fact {number}: " + " ".join(
            str(random.Random(number * 100 + i).random()) for i in range(width)
        )
        record = RememberRecord(nonce=number.to_bytes(16, "big"), at_ns=number, remember=Remember(text=text))
        store.submit(record, outcomes.append)
    assert store.flush(timeout_s=30)
    return outcomes


@pytest.fixture
def killed(tmp_path: Path) -> Paths:
    """A bank as a killed daemon leaves it: part in the database, part in the log, the watermark beside it."""
    living, dead = scratch_paths(tmp_path / "living"), scratch_paths(tmp_path / "dead")
    store = _open_store(living)
    _fill(store, 20)
    store.close()
    store = _open_store(living)
    _fill(store, 20, first=100)
    dead.data_dir.mkdir(parents=True)
    for path in (living.bank, wal_of(living.bank)):
        shutil.copy(path, dead.data_dir / path.name)
    store.close()
    mark = read_watermark(living.watermark)
    assert mark is not None
    assert mark.sequence == 40
    write_watermark(dead.watermark, mark)
    return dead


def _contents(folder: Path) -> dict[str, bytes]:
    """Return what the files hold; an empty log is as good as none, and the log's index is derived from it."""
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.endswith("-shm"))
    return {path.name: content for path in files if (content := path.read_bytes())}


def _about(findings: list[Finding]) -> set[str]:
    return {finding.about for finding in findings}


def test_a_killed_bank_opens_whole_and_without_a_word(killed: Paths) -> None:
    findings = inspect(killed, deep=True)

    store = _open_store(killed)

    assert findings == []
    assert store.warnings == ()
    assert store.counts().experiences == 40
    store.close()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_log_is_named_as_loss_and_kept_as_found(killed: Paths, share: float) -> None:
    log = wal_of(killed.bank)
    log.write_bytes(log.read_bytes()[: int(log.stat().st_size * share)])
    as_found = _contents(killed.data_dir)

    findings = inspect(killed)
    untouched = _contents(killed.data_dir)
    store = _open_store(killed)

    assert _about(findings) == {"loss"}
    assert untouched == as_found
    assert any("acknowledged writes: 40 were noted" in warning for warning in store.warnings)
    (copies,) = killed.backups.iterdir()
    assert _contents(copies) == as_found
    assert store.counts().experiences < 40
    store.close()


def test_a_rotten_log_is_told_from_a_torn_one(killed: Paths) -> None:
    log = wal_of(killed.bank)
    raw = bytearray(log.read_bytes())
    raw[len(raw) // 2] ^= 0x20
    log.write_bytes(raw)

    findings = inspect(killed)
    store = _open_store(killed)

    assert _about(findings) == {"files", "loss"}
    assert any("after" in warning and "good frames a bad one" in warning for warning in store.warnings)
    assert any("lacks" in warning for warning in store.warnings)
    store.close()


def test_a_bank_that_is_gone_is_named_before_a_new_one_begins(killed: Paths) -> None:
    for path in (killed.bank, wal_of(killed.bank)):
        path.unlink()

    findings = inspect(killed)
    store = _open_store(killed)

    assert _about(findings) == {"loss"}
    assert any("is gone or empty, but writes up to 40" in warning for warning in store.warnings)
    assert store.counts().sequence == 0
    store.close()


def test_another_bank_in_the_place_is_named(killed: Paths) -> None:
    write_watermark(killed.watermark, Watermark(bank_id="other", sequence=7, at_ns=1))

    store = _open_store(killed)

    assert any("is another bank than the one last used" in warning for warning in store.warnings)
    store.close()
    again = _open_store(killed)
    assert again.warnings == ()
    again.close()


def test_an_unreadable_watermark_is_named_and_does_not_stop_the_daemon(killed: Paths) -> None:
    killed.watermark.write_text("{half")

    findings = inspect(killed)
    store = _open_store(killed)

    assert [(finding.gravity, finding.about) for finding in findings] == [(Gravity.WARNING, "watermark")]
    assert any("does not hold a watermark" in warning for warning in store.warnings)
    store.close()


def test_garbage_in_the_banks_place_is_left_alone(tmp_path: Path) -> None:
    paths = scratch_paths(tmp_path)
    paths.data_dir.mkdir(parents=True)
    paths.bank.write_bytes(os.urandom(20_000))
    before = _contents(paths.data_dir)

    findings = inspect(paths)
    with pytest.raises(NotABankError, match="is no SQLite database"):
        open_bank(paths, now_ns=1)

    assert _about(findings) == {"bank"}
    assert _contents(paths.data_dir) == before


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    paths = scratch_paths(tmp_path)
    paths.data_dir.mkdir(parents=True)
    db = apsw.Connection(str(paths.bank))
    db.execute("CREATE TABLE patterns (id TEXT PRIMARY KEY); INSERT INTO patterns VALUES ('a')")
    db.close()
    before = _contents(paths.data_dir)

    findings = inspect(paths)
    with pytest.raises(ForeignDatabaseError):
        open_bank(paths, now_ns=1)

    assert _about(findings) == {"schema"}
    assert _contents(paths.data_dir) == before


def test_a_newer_bank_is_left_alone(tmp_path: Path) -> None:
    paths = scratch_paths(tmp_path)
    paths.data_dir.mkdir(parents=True)
    bank = Bank(paths.bank)
    bank.db.pragma("user_version", 99)
    bank.close()
    before = _contents(paths.data_dir)

    findings = inspect(paths)
    with pytest.raises(NewerDatabaseError, match=r"git pull && make run.*there is no backup"):
        open_bank(paths, now_ns=1)

    assert _about(findings) == {"schema"}
    assert _contents(paths.data_dir) == before


def test_a_bank_that_was_cut_off_is_named(killed: Paths) -> None:
    store = _open_store(killed)
    store.close()
    raw = killed.bank.read_bytes()
    killed.bank.write_bytes(raw[: len(raw) // 2])

    findings = inspect(killed, deep=True)

    with pytest.raises(DamagedBankError, match="was cut off"):
        open_bank(killed, now_ns=1)
    assert _about(findings) == {"bank"}
    assert any("bytes are missing at its end" in finding.message for finding in findings)


def test_a_flipped_bit_in_a_stored_text_is_found_by_the_deep_look(tmp_path: Path) -> None:
    paths = scratch_paths(tmp_path)
    paths.data_dir.mkdir(parents=True)
    bank = Bank(paths.bank)
    play = Play()
    bank.write(
        play.prompt("Fix it"),
        play.edit("/a.py", before="", after="".join(f"line {n} {n * n}\n" for n in range(90))),
    )
    frame = bank.value("SELECT diff FROM step")
    bank.close()
    raw = bytearray(paths.bank.read_bytes())
    raw[raw.find(frame) + len(frame) // 2] ^= 0x01
    paths.bank.write_bytes(raw)

    quick, deep = inspect(paths), inspect(paths, deep=True)

    assert quick == []
    assert [finding.about for finding in deep] == ["texts"]
    assert "diff of step 1 is damaged" in deep[0].message


def test_no_bit_flip_makes_the_look_or_the_start_fail_without_a_name(tmp_path: Path) -> None:
    sound = scratch_paths(tmp_path / "sound")
    store = _open_store(sound)
    _fill(store, 60)
    store.close()
    raw = sound.bank.read_bytes()
    rng = random.Random(11)
    found = 0

    for number in range(60):
        paths = scratch_paths(tmp_path / str(number))
        paths.data_dir.mkdir(parents=True)
        flipped = bytearray(raw)
        for _ in range(8):
            flipped[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        paths.bank.write_bytes(flipped)
        found += bool(inspect(paths, deep=True))
        with contextlib.suppress(NotABankError, DamagedBankError, MigrationError, ReadOnlyBankError):
            open_bank(paths, now_ns=1).db.close()

    assert found > 10


def test_a_full_disk_is_answered_and_survived(tmp_path: Path) -> None:
    store = _open_store(scratch_paths(tmp_path))
    _fill(store, 5)
    db = store._writer._db
    pages = db.pragma("page_count")
    db.pragma("max_page_count", pages)

    full = _fill(store, 100, first=1000, width=400)
    trouble = store.trouble
    db.pragma("max_page_count", 1_000_000)
    later = _fill(store, 5, first=5000)

    refused = [outcome for outcome in full if outcome.stored is Stored.NOT_STORED]
    assert refused
    assert "the disk is full" in refused[0].reason
    assert trouble is not None
    assert {outcome.stored for outcome in later} == {Stored.STORED}
    assert store.trouble is None
    stored = sum(outcome.stored is Stored.STORED for outcome in full)
    assert store.counts().experiences == 10 + stored
    store.close()


def _as_nobody(work: Callable[[], None]) -> None:
    """Run something in a child that is an ordinary user; its failure is this process's."""

    def become_nobody_and_work() -> None:
        if os.getuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        work()

    in_child(become_nobody_and_work)


def test_a_read_only_folder_is_named(killed: Paths) -> None:
    for folder in killed.data_dir.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o755)
    for file in killed.data_dir.iterdir():
        file.chmod(0o644)
    killed.data_dir.chmod(0o555)

    def look() -> None:
        findings = inspect(killed)
        assert "folder" in _about(findings), findings
        with pytest.raises(ReadOnlyBankError, match="check"):
            open_bank(killed, now_ns=1)

    before = _contents(killed.data_dir)
    _as_nobody(look)

    assert _contents(killed.data_dir) == before
    killed.data_dir.chmod(0o755)
