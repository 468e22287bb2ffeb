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


def test_a_file_that_a_link_leads_to_is_watched_where_it_lies(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "rb.toml"
    target.parent.mkdir()
    target.write_text("old", encoding="utf-8")
    between = tmp_path / "between" / "link.toml"
    between.parent.mkdir()
    between.symlink_to("../dotfiles/rb.toml")
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.symlink_to(between)
    seen: list[str] = []

    with watching(file, lambda: seen.append(file.read_text(encoding="utf-8"))):
        save_in_place(target, "in place")
        wait_until(lambda: seen[-1:] == ["in place"], what="the target to be told")
        replacement = target.with_name("new")
        replacement.write_text("replaced", encoding="utf-8")
        replacement.rename(target)
        wait_until(lambda: seen[-1:] == ["replaced"], what="the replaced target to be told")


def test_a_link_that_is_made_to_lead_elsewhere_is_followed_there(tmp_path: Path) -> None:
    for name in ("first", "second", "config"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rb.toml").write_text(name, encoding="utf-8")
    file = tmp_path / "config" / "config.toml"
    file.symlink_to(tmp_path / "first" / "rb.toml")
    seen: list[str] = []

    with watching(file, lambda: seen.append(file.read_text(encoding="utf-8"))):
        file.unlink()
        file.symlink_to(tmp_path / "second" / "rb.toml")
        wait_until(lambda: seen[-1:] == ["second"], what="the link to be told")
        save_in_place(tmp_path / "second" / "rb.toml", "changed")
        wait_until(lambda: seen[-1:] == ["changed"], what="its new target to be told")


def test_a_file_in_a_folder_that_is_a_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "config").symlink_to("real")
    seen: list[str] = []

    with watching(tmp_path / "config" / "config.toml", lambda: seen.append("told")):
        save_in_place(tmp_path / "real" / "config.toml", "x")
        wait_until(lambda: bool(seen), what="the file to be told")


def test_a_link_to_nowhere_is_watched_where_it_lies_itself(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.symlink_to(tmp_path / "absent" / "rb.toml")
    seen: list[bool] = []

    with watching(file, lambda: seen.append(file.is_file())):
        file.unlink()
        save_in_place(file, "x")
        wait_until(lambda: seen[-1:] == [True], what="the file to be told")


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
