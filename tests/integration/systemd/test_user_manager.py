"""The unit under a real systemd user manager, in a mount namespace of its own.

This shows what `systemd-analyze` can't: that the daemon, with all its libraries and engines, runs behind every
directive of the unit. It needs root and a writable cgroup tree, and is skipped with its reason elsewhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import scratch_home

MANAGER = Path("/usr/lib/systemd/systemd")
NO_MANAGER = 77

# Inside the namespace: a /run that says "booted with systemd", a cgroup of our own, the manager, then the
# steps of the test on its standard input, and everything that was started is ended.
HARNESS = """
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/user/0
chmod 700 /run/user/0
for tree in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -e "$tree/cgroup.procs" ] || continue
    mkdir "$tree/$GROUP" && echo $$ >"$tree/$GROUP/cgroup.procs" || exit 77
done
export XDG_RUNTIME_DIR=/run/user/0
"$MANAGER" --user >"$HOME/manager.log" 2>&1 &
manager=$!
trap 'kill $manager; wait $manager' EXIT
up=no
for _ in $(seq 100); do
    systemctl --user show-environment >/dev/null 2>&1 && up=yes && break
    sleep 0.1
done
[ $up = yes ] || exit 77
. /dev/stdin
"""


def _possible() -> str | None:
    if os.geteuid() != 0:
        return "needs root: a mount namespace"
    if not MANAGER.exists() or shutil.which("unshare") is None or shutil.which("systemctl") is None:
        return "systemd is not installed (apt install systemd)"
    return None


pytestmark = pytest.mark.skipif(_possible() is not None, reason=str(_possible()))


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a home in which the unit is installed, with a watchdog that loses patience soon."""
    with scratch_home() as home:
        subprocess.run(
            [sys.executable, "-m", "reasoningbank_daemon.cli.main", "service", "install"],
            env={**_environment(home), "RB_HOME": str(home)},
            check=True,
            capture_output=True,
        )
        override = home / ".config" / "systemd" / "user" / "reasoningbank.service.d" / "test.conf"
        override.parent.mkdir()
        override.write_text("[Service]\nWatchdogSec=3\nRestartSec=0\n", encoding="utf-8")
        yield home


def test_service_is_active_when_it_answers_and_stops_when_asked(home: Path) -> None:
    shown = _steps(
        home,
        "systemctl --user start reasoningbank",
        "systemctl --user show -p ActiveState,NRestarts reasoningbank",
        "RB_HOME=$HOME reasoningbank status",
        "RB_HOME=$HOME reasoningbank demo",
        "systemctl --user stop reasoningbank",
        "systemctl --user show -p Result reasoningbank",
    )

    assert "ActiveState=active" in shown
    assert "NRestarts=0" in shown
    assert "ReasoningBank 0.1.0 is serving" in shown
    assert "Result=success" in shown


def test_service_that_hangs_is_killed_and_started_again(home: Path) -> None:
    shown = _steps(
        home,
        "systemctl --user start reasoningbank",
        "kill -STOP $(systemctl --user show -p MainPID --value reasoningbank)",
        _wait("NRestarts", "1"),
        _wait("ActiveState", "active"),
        "RB_HOME=$HOME reasoningbank status",
    )

    assert "ReasoningBank 0.1.0 is serving" in shown


def test_service_is_not_started_again_where_another_daemon_serves_the_bank(home: Path) -> None:
    shown = _steps(
        home,
        "RB_HOME=$HOME reasoningbank up",
        "systemctl --user start reasoningbank || true",
        _wait("ActiveState", "failed"),
        "systemctl --user show -p ExecMainStatus,NRestarts reasoningbank",
        "RB_HOME=$HOME reasoningbank down",
    )

    assert "ExecMainStatus=75" in shown
    assert "NRestarts=0" in shown


def test_engines_run_behind_the_units_directives(home: Path) -> None:
    edit = (
        "import time\n"
        "from reasoningbank_client import ReasoningBank\n"
        "with ReasoningBank.from_environment(timeout_s=30) as bank:\n"
        "    bank.start_session('s', cwd='/tmp')\n"
        "    bank.pre_task('s', 'evaluate')\n"
        "    end = time.monotonic() + 90\n"  # until the engines are up
        "    while time.monotonic() < end:\n"
        "        answer = bank.post_edit('s', '/tmp/a.py', before='x = 1\\n', after='x = eval(input())\\n')\n"
        "        if not answer.advice.verdict.engines_missing:\n"
        "            break\n"
        "    print(answer.advice.verdict.engines_run, answer.advice.verdict.label)\n"
    )
    (home / "edit.py").write_text(edit, encoding="utf-8")

    shown = _steps(
        home,
        "systemctl --user start reasoningbank",
        f"RB_HOME=$HOME {sys.executable} $HOME/edit.py",
        "systemctl --user stop reasoningbank",
    )

    assert "'ruff'" in shown
    assert "worse" in shown


def _wait(field: str, value: str) -> str:
    return (
        f'until [ "$(systemctl --user show -p {field} --value reasoningbank)" = {value} ]; do sleep 0.1; done'
    )


def _environment(home: Path) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    return {"PATH": programs, "HOME": str(home), "LANG": "C.UTF-8"}


def _steps(home: Path, *steps: str) -> str:
    """Run shell steps beside a user manager and return what they printed."""
    group = f"rb-test-{os.getpid()}-{home.name}"
    try:
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", HARNESS],
            input="\n".join(steps) + "\n",
            env={**_environment(home), "GROUP": group, "MANAGER": str(MANAGER)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        _remove_groups(group)
    if done.returncode == NO_MANAGER:
        pytest.skip(f"no user manager runs here: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _remove_groups(name: str) -> None:
    for tree in (Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        top = tree / name
        if top.is_dir():
            for group in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                group.rmdir()
            top.rmdir()
