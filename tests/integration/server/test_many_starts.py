"""One bank has one daemon, however many want to start it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until

STARTS = 100


def test_a_hundred_simultaneous_ups_leave_one_daemon() -> None:
    with scratch_home() as home:
        environment = {**os.environ, "RB_HOME": str(home)}
        ups = [
            subprocess.Popen(
                [sys.executable, "-m", "reasoningbank_daemon.cli.main", "up"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for _ in range(STARTS)
        ]
        results = [(up.communicate(timeout=280)[0], up.returncode) for up in ups]
        daemons = _daemons_of(str(home))
        down = subprocess.run(
            [sys.executable, "-m", "reasoningbank_daemon.cli.main", "down"],
            env=environment,
            capture_output=True,
            check=False,
        )

        assert [code for _, code in results] == [0] * STARTS, results[0]
        assert len(daemons) == 1
        assert down.returncode == 0
        wait_until(lambda: not _daemons_of(str(home)), what="the daemon to be gone")
        print(f"{STARTS} simultaneous ups: {len(daemons)} daemon")


def test_a_second_daemon_leaves_with_its_own_exit_code() -> None:
    with scratch_home() as home, DaemonProcess(home):
        second = subprocess.run(
            [sys.executable, "-m", "reasoningbank_daemon.main"],
            env={**os.environ, "RB_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert second.returncode == 75
        assert "another daemon" in second.stderr


def _daemons_of(home: str) -> list[int]:
    """Find the daemons of one RB_HOME by their environment."""
    found = []
    for name in (entry.name for entry in Path("/proc").iterdir()):
        if not name.isdigit():
            continue
        try:
            command = Path(f"/proc/{name}/cmdline").read_bytes()
            environment = Path(f"/proc/{name}/environ").read_bytes()
        except OSError:
            continue
        if (
            b"reasoningbank" in command
            and b"daemon.main" in command
            and f"RB_HOME={home}".encode() in environment
        ):
            found.append(int(name))
    return found
