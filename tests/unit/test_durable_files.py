from __future__ import annotations

import stat
from pathlib import Path

import pytest

from reasoningbank_schema.durable_files import replace_file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_private(tmp_path: Path) -> None:
    replace_file(tmp_path / "new", b"content")

    assert (tmp_path / "new").read_bytes() == b"content"
    assert mode_of(tmp_path / "new") == 0o600


def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"former")
    file.chmod(0o640)

    replace_file(file, b"content", mode=0o755)

    assert (file.read_bytes(), mode_of(file)) == (b"content", 0o640)


def test_a_link_stays_a_link_to_the_replaced_file(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target, link = tmp_path / "dotfiles" / "config", tmp_path / "config"
    target.write_bytes(b"former")
    link.symlink_to(target)

    replace_file(link, b"content")

    assert link.is_symlink()
    assert target.read_bytes() == b"content"


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_bytes(b"former")

    with pytest.raises(OSError, match="folder"):
        replace_file(folder, b"content")

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert (folder / "file").read_bytes() == b"former"
