from __future__ import annotations

import os
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


@pytest.mark.parametrize(
    "name", ["a b.py", "a\tb.py", "a\nb.py", '"a".py', "a[1].py", "*.py", ":(top)a.py", b"a\xff.py", "-a.py"]
)
def test_file_of_any_name_is_compared_with_its_own_text_and_no_other(
    repository: Path, name: str | bytes
) -> None:
    path = repository / os.fsdecode(name)
    path.write_text("a = 1\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "second")
    path.write_text("a = 2\n")
    (repository / "kept.py").write_text("a = 3\n")
    tree = WorkTree(repository)

    on_disk = [(edit.path, edit.before, edit.after) for edit in tree.uncommitted([str(path)])]
    git(repository, "add", ".")
    staged = [(edit.path, edit.before, edit.after) for edit in tree.staged([str(path)])]

    assert on_disk == staged == [(str(path), "a = 1\n", "a = 2\n")]


def test_links_and_submodules_are_no_texts(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    (other / "a.py").write_text("a = 1\n")
    git(other, "add", ".")
    git(other, "commit", "-qm", "first")
    (repository / "link.py").symlink_to("kept.py")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    git(repository, "commit", "-qam", "second")
    (repository / "link.py").unlink()
    (repository / "link.py").symlink_to("gone.py")
    (repository / "new_link.py").symlink_to("gone.py")
    (repository / "sub" / "a.py").write_text("a = 2\n")

    edits = list(WorkTree(repository).uncommitted())

    assert edits == []


def test_link_that_became_a_file_is_new(repository: Path) -> None:
    (repository / "link.py").symlink_to("kept.py")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "second")
    (repository / "link.py").unlink()
    (repository / "link.py").write_text("a = 2\n")

    [edit] = WorkTree(repository).uncommitted()

    assert (Path(edit.path).name, edit.before, edit.after) == ("link.py", None, "a = 2\n")


def test_settings_of_the_user_for_diffs_change_nothing(repository: Path) -> None:
    for setting in ("diff.relative=true", "diff.noprefix=true", "diff.external=false", "diff.renames=false"):
        git(repository, "config", *setting.split("="))
    (repository / "folder").mkdir()
    git(repository, "mv", "old name.py", "folder/new.py")
    (repository / "kept.py").write_text("a = 2\n")

    edits = {Path(edit.path).name: edit.before for edit in WorkTree(repository / "folder").since("HEAD")}

    assert set(edits) == {"new.py", "kept.py"}
    assert None not in edits.values()


def test_file_with_a_conflict_is_compared_with_the_last_commit(repository: Path) -> None:
    git(repository, "checkout", "-qb", "other")
    (repository / "kept.py").write_text("a = 2\n")
    git(repository, "commit", "-qam", "theirs")
    git(repository, "checkout", "-q", "-")
    (repository / "kept.py").write_text("a = 3\n")
    git(repository, "commit", "-qam", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "other")

    [edit] = WorkTree(repository).uncommitted()

    assert edit.before == "a = 3\n"
    assert edit.after.startswith("<<<<<<<")


def test_three_dots_stand_for_where_the_branch_began(repository: Path) -> None:
    git(repository, "branch", "-M", "main")
    git(repository, "checkout", "-qb", "work")
    (repository / "gone.py").write_text("c = 2\n")
    git(repository, "commit", "-qam", "work")
    git(repository, "checkout", "-q", "main")
    (repository / "kept.py").write_text("a = 2\n")
    git(repository, "commit", "-qam", "main goes on")
    git(repository, "checkout", "-q", "work")

    tree = WorkTree(repository)
    tips = {Path(edit.path).name for edit in tree.since("main")}
    branch = {Path(edit.path).name for edit in tree.since("main...")}

    assert (tips, branch) == ({"gone.py", "kept.py"}, {"gone.py"})


def test_path_is_known_that_is_staged_or_was_committed(repository: Path) -> None:
    git(repository, "rm", "-q", "gone.py")
    (repository / "new.py").write_text("a = 1\n")
    git(repository, "add", ".")
    (repository / "new.py").unlink()
    tree = WorkTree(repository)

    known = {name: tree.knows(str(repository / name)) for name in ("gone.py", "new.py", "none.py")}

    assert known == {"gone.py": True, "new.py": True, "none.py": False}
