from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

from reasoningbank_daemon.telemetry.rotating_file import RotatingFile


def test_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "a.log")

    file.write("x")

    assert stat.S_IMODE((tmp_path / "a.log").stat().st_mode) == 0o600


def test_size_and_number_of_files_stay_bounded(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "a.log", max_bytes=100, files=3)

    for number in range(100):
        file.write(f"line {number:04}")

    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["a.log", "a.log.1", "a.log.2"]
    assert all(path.stat().st_size <= 100 for path in tmp_path.iterdir())
    assert (tmp_path / "a.log").read_text(encoding="utf-8").splitlines()[-1] == "line 0099"


def test_file_left_full_by_an_earlier_process_is_rotated(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("old" * 50, encoding="utf-8")

    RotatingFile(tmp_path / "a.log", max_bytes=100, files=2).write("new")

    assert (tmp_path / "a.log").read_text(encoding="utf-8") == "new\n"
    assert (tmp_path / "a.log.1").read_text(encoding="utf-8") == "old" * 50


def test_no_line_is_torn_when_many_threads_write(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "a.log", max_bytes=2000, files=200)

    def write(number: int) -> None:
        for line in range(200):
            file.write(json.dumps({"thread": number, "line": line}))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = [json.loads(line) for path in tmp_path.iterdir() for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 8 * 200


def test_lines_that_could_not_be_written_are_counted_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    file = RotatingFile(folder / "a.log")

    file.write("one")
    file.write("two")
    lost = file.lost
    folder.mkdir()
    file.write("three")

    first, second = (folder / "a.log").read_text(encoding="utf-8").splitlines()
    assert lost == 2
    assert json.loads(first)["lines"] == 2
    assert second == "three"


def test_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.log").symlink_to(tmp_path / "elsewhere")
    file = RotatingFile(tmp_path / "a.log")

    file.write("x")

    assert file.lost == 1
    assert not (tmp_path / "elsewhere").exists()
