"""The hooks of `.pre-commit-hooks.yaml`, run by pre-commit itself.

pre-commit would build an environment for them out of this repository, from an index of packages; here the same
definitions are run with the program that is installed, so `language` alone differs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HOOKS = Path(__file__).parents[3] / ".pre-commit-hooks.yaml"
PROGRAMS = Path(sys.executable).parent
GOOD = "def f(x):\n    return int(x)\n"
WORSE = "def f(x):\n    return eval(x)\n"
BROKEN = "def f(x:\n"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program in the consumer's repository."""
    if not (PROGRAMS / "pre-commit").is_file():
        pytest.skip("pre-commit is not installed: pip install pre-commit")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RB_", "GIT_", "XDG_"))}
    environment = {
        **kept,
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "RB_HOME": str(tmp_path / "bank"),
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        **{f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def one(*command: str, folder: str = "consumer") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path / folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    return one


@pytest.fixture
def consumer(tmp_path: Path, run: Run) -> Path:
    """A repository with one commit, which uses both hooks."""
    offered, consumer = tmp_path / "offered", tmp_path / "consumer"
    hooks = HOOKS.read_text(encoding="utf-8").replace("language: python", "language: system")
    names = re.findall(r"^- id: (.+)$", hooks, re.MULTILINE)
    assert len(names) == 2
    for folder in (offered, consumer):
        folder.mkdir()
        run("git", "init", "-q", "-b", "main", folder=folder.name)
    (offered / HOOKS.name).write_text(hooks, encoding="utf-8")
    run("git", "add", ".", folder="offered")
    run("git", "commit", "-qm", "first", folder="offered")
    revision = run("git", "rev-parse", "HEAD", folder="offered").stdout.strip()
    used = {"repo": str(offered), "rev": revision, "hooks": [{"id": name} for name in names]}
    (consumer / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [used]}), encoding="utf-8")
    (consumer / "sub dir").mkdir()
    (consumer / "sub dir" / "ä.py").write_text(GOOD, encoding="utf-8")
    (consumer / "a.py").write_text(GOOD, encoding="utf-8")
    run("git", "add", ".")
    run("git", "commit", "-qm", "first")
    return consumer


def results(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return how each hook went, in the order of the definitions."""
    assert done.stdout, done.stderr
    words = ("Passed", "Failed", "Skipped")
    return [word for line in done.stdout.splitlines() for word in words if line.endswith(word)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{GOOD}X = 1\n", ["Passed", "Passed"]),
        (WORSE, ["Failed", "Passed"]),
        (BROKEN, ["Failed", "Failed"]),
    ],
    ids=["clean", "worse", "broken"],
)
def test_staged_file_is_judged_by_each_hook(consumer: Path, run: Run, text: str, expected: list[str]) -> None:
    (consumer / "sub dir" / "ä.py").write_text(text, encoding="utf-8")
    run("git", "add", ".")

    done = run("pre-commit", "run")

    assert results(done) == expected
    assert ("sub dir/ä.py:" in done.stdout) == ("Failed" in expected)


def test_part_that_is_staged_decides_and_the_rest_stays_on_disk(consumer: Path, run: Run) -> None:
    broken, good = consumer / "a.py", consumer / "sub dir" / "ä.py"
    broken.write_text(BROKEN, encoding="utf-8")
    good.write_text(f"{GOOD}X = 1\n", encoding="utf-8")
    run("git", "add", ".")
    broken.write_text(GOOD, encoding="utf-8")
    good.write_text(BROKEN, encoding="utf-8")

    done = run("pre-commit", "run")

    assert results(done) == ["Failed", "Failed"]
    assert "a.py:" in done.stdout
    assert "ä.py:" not in done.stdout
    assert (broken.read_text(encoding="utf-8"), good.read_text(encoding="utf-8")) == (GOOD, BROKEN)


def test_installed_hook_refuses_a_commit_and_lets_the_mended_one_pass(consumer: Path, run: Run) -> None:
    run("pre-commit", "install")
    (consumer / "a.py").write_text(BROKEN, encoding="utf-8")
    refused = run("git", "commit", "-qam", "broken")
    (consumer / "a.py").write_text(f"{GOOD}X = 1\n", encoding="utf-8")
    taken = run("git", "commit", "-qam", "mended")

    assert (refused.returncode, taken.returncode) == (1, 0)
    assert "a.py:" in refused.stderr


def test_commits_that_are_made_are_judged_from_where_they_begin(consumer: Path, run: Run) -> None:
    run("git", "checkout", "-qb", "work")
    (consumer / "a.py").write_text(WORSE, encoding="utf-8")
    run("git", "commit", "-qam", "worse")

    of_the_branch = run("pre-commit", "run", "--from-ref", "main", "--to-ref", "HEAD")
    of_nothing = run("pre-commit", "run", "--all-files")

    assert results(of_the_branch) == ["Failed", "Passed"]
    assert results(of_nothing) == ["Passed", "Passed"]


def test_files_that_are_no_texts_are_left_out(consumer: Path, run: Run) -> None:
    (consumer / "picture.png").write_bytes(bytes(range(256)))
    (consumer / "link.py").symlink_to("a.py")
    run("git", "add", ".")

    done = run("pre-commit", "run")

    assert results(done) == ["Skipped", "Skipped"]


def test_options_of_the_consumer_are_added_to_those_of_the_hook(consumer: Path, run: Run) -> None:
    config = consumer / ".pre-commit-config.yaml"
    used = json.loads(config.read_text(encoding="utf-8"))  # which is YAML, too
    used["repos"][0]["hooks"] = [{"id": "reasoningbank-verdict", "args": ["--fail-on", "security"]}]
    config.write_text(json.dumps(used), encoding="utf-8")
    (consumer / "a.py").write_text(BROKEN, encoding="utf-8")
    (consumer / "sub dir" / "ä.py").write_text(GOOD, encoding="utf-8")
    run("git", "add", ".")
    broken = run("pre-commit", "run")
    (consumer / "a.py").write_text(WORSE, encoding="utf-8")
    run("git", "add", ".")
    insecure = run("pre-commit", "run")

    assert (results(broken), results(insecure)) == (["Passed"], ["Failed"])
