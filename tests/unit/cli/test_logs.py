from __future__ import annotations

import json
from pathlib import Path

import pytest

from reasoningbank_daemon.cli.logs import LOG_FILE, last_lines, render
from reasoningbank_daemon.telemetry import LOG_FILE as WRITTEN_TO


def test_the_file_that_is_read_is_the_one_that_is_written() -> None:
    assert LOG_FILE == WRITTEN_TO


def test_last_lines_reach_back_into_rotated_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.log.10").write_text("0\n", encoding="utf-8")
    (tmp_path / "a.log.2").write_text("1\n2\n", encoding="utf-8")
    (tmp_path / "a.log.1").write_text("3\n4\n", encoding="utf-8")
    (tmp_path / "a.log").write_text("5\n", encoding="utf-8")

    assert last_lines(tmp_path / "a.log", 4) == ["2", "3", "4", "5"]
    assert last_lines(tmp_path / "a.log", 100) == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize("length", [1, 1000, 70_000])
def test_last_lines_are_whole_however_long_they_are(tmp_path: Path, length: int) -> None:
    lines = [f"{number:04}" + "x" * length for number in range(12)]
    (tmp_path / "a.log").write_text("\n".join(lines) + "\n", encoding="utf-8")

    assert last_lines(tmp_path / "a.log", 5) == lines[-5:]


def test_line_is_rendered_with_time_level_event_fields_and_traceback() -> None:
    line = json.dumps(
        {
            "timestamp": "2026-11-21T01:02:03.456Z",
            "level": "error",
            "event": "handler_defect",
            "request": "00ff",
            "reason": "two words",
            "n": 3,
            "exception": "Traceback\n  x",
        }
    )

    assert render(line) == (
        '2026-11-21 01:02:03 error    handler_defect request=00ff reason="two words" n=3\nTraceback\n  x'
    )


@pytest.mark.parametrize("line", ["not json", "[1]", '"text"', ""])
def test_line_of_another_kind_is_shown_as_it_is(line: str) -> None:
    assert render(line) == line
