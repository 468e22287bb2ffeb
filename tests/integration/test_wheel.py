"""The wheel by itself: what is missing from it is missing for everybody who installs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import scratch_home

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """Build the wheel and install it into an environment that has our libraries and none of our sources."""
    with scratch_home("rb-wheel-") as folder:
        _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT))
        (wheel,) = folder.glob("reasoningbank-*.whl")
        environment = folder / "venv"
        _run(sys.executable, "-m", "venv", "--without-pip", str(environment))
        python = environment / "bin" / "python"
        _run(
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--no-deps",
            str(wheel),
        )
        # A path in a .pth file is searched for packages; .pth files *there*, such as the one that makes the
        # sources importable here, are not read.
        libraries = sysconfig.get_path("purelib")
        (target,) = (environment / "lib").glob("python*/site-packages")
        (target / "libraries.pth").write_text(libraries + "\n", encoding="utf-8")
        yield environment / "bin"


def test_packages_come_from_the_wheel_and_not_from_the_sources(installed: Path) -> None:
    code = (
        "import reasoningbank_schema as a, reasoningbank_client as b, reasoningbank_hooks as c, "
        "reasoningbank_daemon as d; print(*[m.__file__ for m in (a, b, c, d)])"
    )

    files = _run(str(installed / "python"), "-c", code).split()

    assert len(files) == 4
    assert all(file.startswith(str(installed.parent)) for file in files)


def test_installed_daemon_serves_and_answers(installed: Path) -> None:
    with scratch_home() as home:
        up = _run(str(installed / "reasoningbank"), "up", home=home)
        status = json.loads(_run(str(installed / "reasoningbank"), "status", "--json", home=home))
        down = _run(str(installed / "reasoningbank"), "down", home=home)

        assert "The daemon is running" in up
        assert (status["answers"], status["state"]) == (True, "serving")
        assert status["bank"] == str(home / "data" / "memory.db")
        assert "The daemon has stopped" in down


def test_installed_program_has_its_hooks_and_its_unit(installed: Path) -> None:
    with scratch_home() as home:
        hooks = _run(str(installed / "reasoningbank"), "hooks", "install", "claude-code", home=home)
        unit = _run(str(installed / "reasoningbank"), "service", "install", "--dry-run", home=home)

        assert f"Wrote {home}/data/hooks/rb-hook" in hooks
        assert f"ExecStart={installed}/reasoningbankd" in unit


def test_installed_demonstration_runs(installed: Path) -> None:
    with scratch_home() as home:
        shown = _run(str(installed / "reasoningbank"), "demo", home=home)

        assert shown.rstrip().endswith("reasoningbank hooks install claude-code")


def _run(*command: str, home: Path | None = None) -> str:
    """Run a command outside the source tree and return what it printed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("RB_", "PYTHON"))}
    if home is not None:
        environment |= {"RB_HOME": str(home), "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / "claude")}
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
