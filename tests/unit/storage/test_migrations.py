from __future__ import annotations

from pathlib import Path

import apsw
import msgspec
import pytest

from reasoningbank_daemon.storage import migrations, sqlite
from reasoningbank_daemon.storage.migrations import (
    ForeignDatabaseError,
    Migration,
    MigrationChangedError,
    MigrationError,
    NewerDatabaseError,
    backup_into,
    load_migrations,
    load_schema,
    migrate,
)

SEED_TABLES = {
    "patterns": "id description context success_rate confidence domain tags created_at updated_at",
    "pattern_embeddings": "id pattern_id embedding created_at",
    "task_trajectories": "id memory_id step_number action reasoning outcome created_at",
    "pattern_links": "id source_id target_id link_type strength created_at",
    "memories": "id key value namespace created_at updated_at expires_at metadata",
    "memory_embeddings": "id memory_id embedding created_at",
    "sessions": "id session_id agent_type started_at ended_at metadata",
    "session_metrics": "id session_id metric_name metric_value recorded_at",
    "neural_patterns": "id pattern_type pattern_data confidence created_at",
    "training_data": "id input output success created_at",
}


FROZEN = {
    "0001_initial.sql": "f5322b7bdecb3dcb1d58ace0e0799a0ae3192f5c069e10584c7f0d5a82ff9bb0",
    "0002_strategy_and_unread_transcripts.sql": "f2f62ca05fd880cae1aa3e4a088462bd7b31bcfb90c85a07fde4cddf3341628e",
    "0003_receipts_without_fingerprint_index.sql": "2ad1fc11179720b370ef954fa499afc4ed282c3c280dc610f1a842147368d8f5",
}
"""Banks out there have seen these; a program whose file differs refuses to open them."""


def _shape(db: apsw.Connection) -> list[tuple[object, ...]]:
    """Describe every table column by column, and every index."""
    tables = [
        row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    ]
    columns = [(table, *row) for table in tables for row in db.execute(f"PRAGMA table_xinfo({table})")]
    foreign = [(table, *row) for table in tables for row in db.execute(f"PRAGMA foreign_key_list({table})")]
    indexes = [
        (table, name, unique, partial, *column)
        for table in tables
        for _, name, unique, _, partial in db.execute(f"PRAGMA index_list({table})")
        for column in db.execute(f"PRAGMA index_xinfo({name})")
    ]
    options = list(db.execute("SELECT name, type, wr, strict FROM pragma_table_list ORDER BY name"))
    return [*columns, *foreign, *indexes, *options]


def test_the_schema_file_is_what_all_migrations_together_make(tmp_path: Path) -> None:
    migrated, whole = apsw.Connection(str(tmp_path / "a.db")), apsw.Connection(str(tmp_path / "b.db"))

    migrate(migrated, load_migrations(), now_ns=1)
    whole.execute(load_schema())

    assert _shape(migrated) == _shape(whole)


def test_the_ten_tables_have_the_columns_that_other_tools_read(tmp_path: Path) -> None:
    db = apsw.Connection(str(tmp_path / "a.db"))

    migrate(db, load_migrations(), now_ns=1)

    for table, columns in SEED_TABLES.items():
        assert [row[1] for row in db.execute(f"PRAGMA table_info({table})")] == columns.split()


def test_migrating_twice_applies_nothing_the_second_time(tmp_path: Path) -> None:
    db = sqlite.open_writer(tmp_path / "a.db")

    first = migrate(db, load_migrations(), now_ns=1)
    second = migrate(db, load_migrations(), now_ns=2)

    assert (first, second) == (len(load_migrations()), 0)
    assert db.pragma("application_id") == sqlite.APPLICATION_ID
    assert db.pragma("user_version") == len(load_migrations())


def test_a_step_that_fails_leaves_no_trace_and_stays_pending(tmp_path: Path) -> None:
    db = sqlite.open_writer(tmp_path / "a.db")
    migrate(db, load_migrations(), now_ns=1)
    number = len(load_migrations()) + 1
    bad = Migration(
        number=number, name=f"{number:04d}_bad.sql", sql="CREATE TABLE half (x); SELECT nonsense;"
    )
    good = msgspec.structs.replace(bad, sql="CREATE TABLE whole (x);")

    with pytest.raises(MigrationError, match=r"failed.*and was undone"):
        migrate(db, [*load_migrations(), bad], now_ns=2)
    left = db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").get
    applied = migrate(db, [*load_migrations(), good], now_ns=3)

    assert left == 0
    assert applied == 1


def test_a_newer_bank_is_its_own_error_and_stays_as_it_was(tmp_path: Path) -> None:
    db = sqlite.open_writer(tmp_path / "a.db")
    later = Migration(number=99, name="0099_later.sql", sql="CREATE TABLE later (x);")
    migrate(db, [*load_migrations(), later], now_ns=1)
    before = _shape(db)

    with pytest.raises(NewerDatabaseError, match=r"written by a newer version.*schema 99"):
        migrate(db, load_migrations(), now_ns=2)

    assert _shape(db) == before


def test_a_changed_migration_is_named_before_anything_runs(tmp_path: Path) -> None:
    db = sqlite.open_writer(tmp_path / "a.db")
    migrate(db, load_migrations(), now_ns=1)
    first = load_migrations()[0]
    changed = msgspec.structs.replace(first, sql=first.sql + "\n-- edited")

    with pytest.raises(MigrationChangedError, match=r"0001_initial.sql with sha256"):
        migrate(db, [changed, *load_migrations()[1:]], now_ns=2)


def test_a_migration_that_is_gone_is_named(tmp_path: Path) -> None:
    db = sqlite.open_writer(tmp_path / "a.db")
    extra = Migration(number=2, name="0002_extra.sql", sql="CREATE TABLE extra (x);")
    later = Migration(number=3, name="0003_later.sql", sql="CREATE TABLE later (x);")
    migrate(db, [load_migrations()[0], extra, later], now_ns=1)

    with pytest.raises(MigrationChangedError, match=r"0002_extra.sql, which this program does not have"):
        migrate(db, [load_migrations()[0], later], now_ns=2)


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    other = apsw.Connection(str(tmp_path / "memory.db"))
    other.execute("CREATE TABLE patterns (id TEXT PRIMARY KEY)")

    with pytest.raises(ForeignDatabaseError, match="of another program"):
        migrate(other, load_migrations(), now_ns=1)

    assert other.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").get == 1


def test_a_bank_is_backed_up_before_it_is_migrated_further(tmp_path: Path) -> None:
    db = sqlite.open_writer(tmp_path / "a.db")
    migrate(db, load_migrations(), now_ns=1, backup=backup_into(tmp_path / "backups", now_ns=1))
    db.execute("INSERT INTO setting VALUES ('a', 'b')")
    none_yet = (tmp_path / "backups").exists()
    extra = Migration(number=99, name="0099_extra.sql", sql="DROP TABLE setting;")

    migrate(db, [*load_migrations(), extra], now_ns=2, backup=backup_into(tmp_path / "backups", now_ns=2))

    (copy,) = (tmp_path / "backups").iterdir()
    assert not none_yet
    assert apsw.Connection(str(copy)).execute("SELECT value FROM setting").get == "b"
    assert copy.stat().st_mode & 0o077 == 0


def test_migration_files_are_numbered_without_gaps() -> None:
    numbers = [migration.number for migration in migrations.load_migrations()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_each_table_stands_on_the_page_about_the_schema(tmp_path: Path) -> None:
    db = apsw.Connection(str(tmp_path / "a.db"))
    migrate(db, load_migrations(), now_ns=1)
    page = (Path(__file__).parents[3] / "docs" / "schema.md").read_text("utf-8")

    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]

    assert [table for table in tables if f"`{table}`" not in page] == []


def test_migrations_that_banks_have_seen_are_as_they_were() -> None:
    known = {migration.name: migration.sha256 for migration in load_migrations()}

    assert {name: known[name] for name in FROZEN} == FROZEN
    assert set(known) == set(FROZEN), "a new migration: write its sum down, and never edit the file again"
