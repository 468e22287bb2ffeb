"""An absent daemon is started when a session begins, detached, and nobody waits for it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import wait_until
from rbtest.hook_home import HookHome, install_program, ordinary_user
from rbtest.hook_peers import RawPeer, leave_stale_socket

# Stands for the daemon: says what it was started as, then waits to be counted.
DAEMON = """
import json, os, sys
me = {"pid": os.getpid(), "session": os.getsid(0), "cwd": os.getcwd(), "environment": dict(os.environ),
      "open": [os.readlink(f"/proc/self/fd/{n}") for n in (0, 1, 2)],
      "further": [n for n in os.listdir("/proc/self/fd") if int(n) > 2 and os.path.exists(f"/proc/self/fd/{n}")]}
home = os.environ["RB_HOME"]
unfinished = f"{home}/{os.getpid()}"
with open(unfinished, "w") as stream:
    json.dump(me, stream)
os.rename(unfinished, f"{home}/{os.getpid()}.started")
"""


@pytest.fixture(scope="module")
def starting_program() -> Iterator[Callable[[], HookHome]]:
    folder = Path(tempfile.mkdtemp(prefix="rb-program-", dir="/tmp"))
    folder.chmod(0o755)
    script = folder / "daemon.py"
    script.write_text(DAEMON)
    interpreter = install_program(folder).interpreter
    program = install_program(folder, daemon=(interpreter, "-IS", str(script)))
    homes: list[HookHome] = []

    def make() -> HookHome:
        homes.append(HookHome(program))
        return homes[-1]

    yield make
    for made in homes:
        made.remove()
    shutil.rmtree(folder)


@pytest.fixture
def home(starting_program: Callable[[], HookHome]) -> HookHome:
    return starting_program()


def started(home: HookHome) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in home.root.glob("*.started")]


def test_a_session_start_without_a_daemon_starts_one_that_shares_nothing_with_the_host(
    home: HookHome,
) -> None:
    leaked, other = socket.socketpair()
    os.set_inheritable(leaked.fileno(), True)

    run = home.run("SessionStart", b'{"session_id":"s"}')

    wait_until(lambda: len(started(home)) == 1, what="the daemon to be started")
    [daemon] = started(home)
    leaked.close()
    other.close()
    assert run.is_silent
    assert daemon["session"] == daemon["pid"]
    assert daemon["cwd"] == "/"
    assert daemon["open"] == ["/dev/null"] * 3
    assert daemon["further"] == []
    environment = daemon["environment"]
    assert isinstance(environment, dict)
    assert environment["RB_HOME"] == str(home.root)
    assert environment["PATH"] == os.defpath
    assert [event.event for _, event in home.spooled()] == ["SessionStart"]


def test_a_stale_socket_counts_as_absent(home: HookHome) -> None:
    leave_stale_socket(home.socket, owner=ordinary_user())

    home.run("SessionStart", b'{"session_id":"s"}')

    wait_until(lambda: len(started(home)) == 1, what="the daemon to be started")


def test_a_clock_that_was_set_back_does_not_keep_the_daemon_from_being_started(home: HookHome) -> None:
    home.run("SessionStart", b'{"session_id":"s"}')
    wait_until(lambda: len(started(home)) == 1, what="the daemon to be started")
    guard = home.paths.state_dir / "starting"
    tomorrow_s = guard.stat().st_mtime + 86_400
    os.utime(guard, (tomorrow_s, tomorrow_s))

    home.run("SessionStart", b'{"session_id":"s"}')

    wait_until(lambda: len(started(home)) == 2, what="the daemon to be started again")


def test_sessions_that_begin_together_start_one_daemon(home: HookHome) -> None:
    processes = []
    for _ in range(12):
        process = home.start("SessionStart")
        assert process.stdin
        process.stdin.write(b'{"session_id":"s"}')
        process.stdin.close()
        process.stdin = None
        processes.append(process)
    for process in processes:
        process.communicate(timeout=20)

    wait_until(lambda: len(started(home)) >= 1, what="the daemon to be started")
    assert len(started(home)) == 1


def test_a_daemon_that_accepts_but_is_slow_is_not_started_again(home: HookHome) -> None:
    with RawPeer(home.socket, lambda _: None, owner=ordinary_user()):
        home.run("SessionStart", b'{"session_id":"s"}')

    assert not (home.paths.state_dir / "starting").exists()
    assert started(home) == []


def test_other_events_do_not_start_it(home: HookHome) -> None:
    home.run("UserPromptSubmit", b'{"session_id":"s"}')

    assert not (home.paths.state_dir / "starting").exists()


def test_without_rb_home_the_paths_are_those_of_the_installation(
    starting_program: Callable[[], HookHome],
) -> None:
    program = starting_program().program
    shutil.rmtree(program.paths.state_dir, ignore_errors=True)
    done = subprocess.run(
        [str(program.executable), "claude-code", "Stop"],
        input=b'{"session_id":"s"}',
        capture_output=True,
        env={},
        user=ordinary_user(),
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(list(program.paths.spool.glob("*.event"))) == 1
    assert program.paths.spool.stat().st_mode & 0o777 == 0o700
