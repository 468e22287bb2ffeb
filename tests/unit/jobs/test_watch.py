from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rbtest.daemon_process import wait_until

from reasoningbank_daemon.jobs.watch import FolderWatch


@contextmanager
def watching(file: Path, notify: Callable[[], None]) -> Iterator[None]:
    watch = FolderWatch()
    watch.add_file(file, notify)
    watch.start()
    try:
        yield
    finally:
        watch.close()


def save_in_place(file: Path, text: str) -> None:
    """Truncate and write, as most editors do, with the disk's own time between the two."""
    with file.open("w", encoding="utf-8") as stream:
        os.fsync(stream.fileno())
        stream.write(text)


def test_file_that_is_saved_in_place_is_never_read_half_saved(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    seen: list[str] = []

    with watching(file, lambda: seen.append(file.read_text(encoding="utf-8"))):
        for number in range(200):
            save_in_place(file, f"{number}")
        wait_until(lambda: seen[-1:] == ["199"], what="the last text to be read")

    assert "" not in seen


def test_other_files_of_the_folder_are_not_told(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    seen: list[list[str]] = []

    with watching(file, lambda: seen.append(sorted(each.name for each in tmp_path.iterdir()))):
        save_in_place(tmp_path / "other.toml", "x")
        save_in_place(file, "y")
        wait_until(lambda: bool(seen), what="the file to be told")

    assert seen == [["config.toml", "other.toml"]]


def test_file_that_stays_empty_or_away_is_told_after_all(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("x", encoding="utf-8")
    seen: list[int | None] = []

    with watching(file, lambda: seen.append(file.stat().st_size if file.exists() else None)):
        save_in_place(file, "")
        wait_until(lambda: bool(seen), what="the empty file to be told")
        file.unlink()
        wait_until(lambda: len(seen) > 1, what="the removed file to be told")

    assert seen == [0, None]
