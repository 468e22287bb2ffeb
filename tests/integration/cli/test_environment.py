from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TOOLS = ("sh", "dirname", "cksum", "tr", "uname", "rm", "touch")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Lay out a project without an environment, and a PATH that holds next to nothing."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    project = tmp_path / "project"
    (project / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "environment", project / ".ci" / "environment")
    shutil.copy(ROOT / "pyproject.toml", project)
    return project


def environment(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(project / ".ci" / "environment"), "run"],
        env={"PATH": str(project.parent / "bin"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_missing_python_is_said_in_one_sentence(checkout: Path) -> None:
    done = environment(checkout)

    assert done.returncode == 1
    assert done.stderr.startswith("ReasoningBank needs Python 3.11 or later, and none is on the PATH: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()


def test_python_that_is_too_old_counts_as_missing(checkout: Path) -> None:
    old = checkout.parent / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    old.chmod(0o755)

    done = environment(checkout)

    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr


def test_missing_compiler_is_said_in_one_sentence(checkout: Path) -> None:
    done = environment(checkout, PYTHON=sys.executable)

    assert done.returncode == 1
    assert done.stderr.startswith("ReasoningBank needs a C++ compiler, because the vector index hnswlib is ")
    assert len(done.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()


def test_environment_that_is_up_to_date_is_left_alone(checkout: Path) -> None:
    stamp = subprocess.run(
        "cksum <pyproject.toml | tr ' ' '-'",
        shell=True,
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (checkout / ".venv" / f".reasoningbank-dev-{stamp}").touch()

    done = environment(checkout)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
