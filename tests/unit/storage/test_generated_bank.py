"""The benchmarks' generator makes what it says: eight steps a task, two of them edits of sixty changed lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import apsw

from reasoningbank_daemon.storage.compression import unpack

GENERATOR = Path(__file__).parents[2] / "benchmarks" / "generate_bank.py"


def _generate(folder: Path, *options: str) -> apsw.Connection:
    folder.mkdir()
    prompts = folder / "prompts.txt"
    prompts.write_text(
        "Find out why the nightly export is late\nAdd a country column to the customers table\n"
    )
    subprocess.run(
        [sys.executable, GENERATOR, folder / "home", "--tasks", "9", "--prompts", prompts, *options],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return apsw.Connection(str(folder / "home" / "data" / "memory.db"), flags=apsw.SQLITE_OPEN_READONLY)


def test_each_generated_task_has_eight_steps_and_two_edits_of_sixty_lines(tmp_path: Path) -> None:
    db = _generate(tmp_path / "a")

    assert db.execute("SELECT DISTINCT count(*) FROM step GROUP BY task_id").get == 8
    assert db.execute("SELECT count(*), count(label), count(cost_usd) FROM task").get == (9, 9, 9)
    assert db.execute("SELECT count(*) FROM decision").get == 9
    diffs = [unpack(row[0]).splitlines() for row in db.execute("SELECT diff FROM step WHERE kind = 0")]
    assert len(diffs) == 18
    assert {sum(line[:1] in "+-" for line in diff if line) for diff in diffs} == {60}
    assert db.execute("PRAGMA integrity_check").get == "ok"


def test_a_bank_generated_without_redaction_has_the_rows_of_one_with_it(tmp_path: Path) -> None:
    plain, redacted = _generate(tmp_path / "a"), _generate(tmp_path / "b", "--redact")

    tables = [row[0] for row in plain.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for table in tables:
        where = "WHERE name <> 'bank_id'" if table == "meta" else ""
        rows = [list(db.execute(f"SELECT * FROM {table} {where}")) for db in (plain, redacted)]
        assert rows[0] == rows[1], table
