from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from reasoningbank_daemon.storage.wal import read_file_header, scan_wal


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of several transactions, as a killed process leaves it."""
    db = apsw.Connection(str(tmp_path / "a.db"))
    db.pragma("page_size", 8192)
    db.pragma("journal_mode", "wal")
    db.execute("CREATE TABLE t (x)")
    for number in range(20):
        db.execute("INSERT INTO t VALUES (?)", (f"{number} " * 500,))
    copy = tmp_path / "b.db-wal"
    copy.write_bytes((tmp_path / "a.db-wal").read_bytes())
    db.close()
    return copy


def test_a_whole_log_has_only_good_frames(log: Path) -> None:
    state = scan_wal(log)

    assert state is not None
    assert state.whole == state.frames > 20
    assert not state.rotten


def test_a_torn_tail_is_not_rot(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-5000])

    state = scan_wal(log)

    assert state is not None
    assert not state.rotten
    assert state.trailing_bytes > 0


@pytest.mark.parametrize("place", [40, 60, 4_000, 9_000, 50_000])
def test_a_flipped_bit_in_the_middle_is_rot(log: Path, place: int) -> None:
    raw = bytearray(log.read_bytes())
    raw[place] ^= 0x04
    log.write_bytes(raw)

    state = scan_wal(log)

    assert state is not None
    assert state.rotten


def test_a_flipped_bit_in_the_header_is_rot(log: Path) -> None:
    raw = bytearray(log.read_bytes())
    raw[13] ^= 0x01
    log.write_bytes(raw)

    state = scan_wal(log)

    assert state is not None
    assert state.rotten


def test_frames_of_an_earlier_log_behind_the_current_one_are_normal(tmp_path: Path) -> None:
    db = apsw.Connection(str(tmp_path / "a.db"))
    db.pragma("journal_mode", "wal")
    db.execute("CREATE TABLE t (x)")
    for number in range(30):
        db.execute("INSERT INTO t VALUES (?)", (f"{number} " * 500,))
    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    db.execute("INSERT INTO t VALUES (1)")

    state = scan_wal(tmp_path / "a.db-wal")

    assert state is not None
    assert 0 < state.whole < state.frames
    assert not state.rotten
    db.close()


def test_no_log_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    assert scan_wal(tmp_path / "absent") is None
    assert scan_wal(tmp_path / "empty") is None


def test_a_header_tells_page_size_and_pages(tmp_path: Path) -> None:
    db = apsw.Connection(str(tmp_path / "a.db"))
    db.pragma("page_size", 8192)
    db.execute("CREATE TABLE t (x)")
    db.pragma("user_version", 7)
    db.close()

    header = read_file_header(tmp_path / "a.db")

    assert header is not None
    assert (header.page_size, header.user_version) == (8192, 7)
    assert header.pages * 8192 == (tmp_path / "a.db").stat().st_size


def test_a_file_that_is_no_database_has_no_header(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"not a database at all" * 20)
    (tmp_path / "b").write_bytes(b"SQLite format 3\0")

    assert read_file_header(tmp_path / "a") is None
    assert read_file_header(tmp_path / "b") is None
