from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rbtest.daemon_process import scratch_home

from reasoningbank_daemon.cli.service import UNIT, template
from reasoningbank_schema.exit_codes import DAEMON_EXIT_CODES, ExitCode

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed (apt install systemd)"
)


def installed_unit(home: Path) -> Path:
    """Write the unit as a user would, through the command."""
    subprocess.run(
        [sys.executable, "-m", "reasoningbank_daemon.cli.main", "service", "install"],
        env={**os.environ, "RB_HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")},
        check=True,
        capture_output=True,
    )
    return home / "config" / "systemd" / "user" / UNIT


def analyze(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze for a user manager, which asks for a runtime folder."""
    runtime = home / "xdg"
    runtime.mkdir(mode=0o700)
    return subprocess.run(
        ["systemd-analyze", "--user", *arguments],
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_systemd
def test_installed_unit_is_verified_without_a_word() -> None:
    with scratch_home() as home:
        done = analyze(home, "verify", str(installed_unit(home)))

        assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_installed_unit_is_exposed_by_no_more_than_six() -> None:
    with scratch_home() as home:
        done = analyze(home, "security", "--offline=true", "--threshold=60", str(installed_unit(home)))

        assert done.returncode == 0, done.stdout[-200:]


def test_unit_is_not_started_again_after_an_exit_that_repeats_itself() -> None:
    line = re.search(r"^RestartPreventExitStatus=(.*)$", template().read_text(encoding="utf-8"), re.MULTILINE)

    assert line is not None
    assert {int(code) for code in line[1].split()} == set(DAEMON_EXIT_CODES) - {ExitCode.OK, ExitCode.DEFECT}
