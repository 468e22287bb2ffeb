from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reasoningbank_daemon.quality.git_changes import GitError, WorkTree
from reasoningbank_daemon.quality.known_texts import committed_text


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "kept.py").write_text("a = 1\n")
    (tmp_path / "old name.py").write_text("".join(f"line_{number} = {number}\n" for number in range(20)))
    (tmp_path / "gone.py").write_text("c = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_staged_changes_come_from_the_index_and_not_from_disk(repository: Path) -> None:
    (repository / "kept.py").write_text("a = 2\n")
    git(repository, "add", ".")
    (repository / "kept.py").write_text("a = 3\n")

    edits = list(WorkTree(repository).staged())

    assert [(edit.path, edit.before, edit.after) for edit in edits] == [
        (str(repository / "kept.py"), "a = 1\n", "a = 2\n")
    ]


def test_renamed_file_is_compared_with_its_old_name_and_a_deleted_one_left_out(repository: Path) -> None:
    git(repository, "mv", "old name.py", "new\tname.py")
    git(repository, "rm", "-q", "gone.py")

    edits = list(WorkTree(repository).staged())

    assert [Path(edit.path).name for edit in edits] == ["new\tname.py"]
    assert edits[0].before == edits[0].after


def test_uncommitted_changes_hold_files_that_git_does_not_know_unless_ignored(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n")
    (repository / "new.py").write_text("d = 1\n")
    (repository / "a.log").write_text("e\n")
    (repository / "kept.py").write_bytes(b"a = '\xff'\n")

    edits = {Path(edit.path).name: edit for edit in WorkTree(repository).uncommitted()}

    assert set(edits) == {"kept.py", "new.py", ".gitignore"}
    assert edits["new.py"].before is None
    assert edits["kept.py"].after == "a = '\udcff'\n"


def test_paths_limit_what_is_looked_at(repository: Path) -> None:
    (repository / "kept.py").write_text("a = 2\n")
    (repository / "gone.py").write_text("c = 2\n")

    edits = list(WorkTree(repository).since("HEAD", [str(repository / "gone.py")]))

    assert [Path(edit.path).name for edit in edits] == ["gone.py"]


def test_first_commit_is_compared_with_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("a = 1\n")
    git(tmp_path, "add", ".")

    edits = list(WorkTree(tmp_path).staged())

    assert [(edit.before, edit.after) for edit in edits] == [(None, "a = 1\n")]


def test_unknown_revision_and_one_that_is_an_option_are_refused_with_the_reason(repository: Path) -> None:
    tree = WorkTree(repository)

    with pytest.raises(GitError, match="bad revision"):
        list(tree.since("nothing-like-it"))
    with pytest.raises(GitError, match="no revision"):
        list(tree.since("--output=a"))


def test_folder_outside_of_any_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not a git repository"):
        WorkTree(tmp_path)


def test_committed_text_is_that_of_the_last_commit_and_none_for_a_new_file(repository: Path) -> None:
    (repository / "kept.py").write_text("a = 2\n")

    assert committed_text(str(repository / "kept.py")) == "a = 1\n"
    assert committed_text(str(repository / "new.py")) is None
    assert committed_text("nowhere.py") is None
