"""Another user of the machine can neither connect to the daemon nor read anything that belongs to the bank."""

from __future__ import annotations

import json
import os
import pwd
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rbtest.command_line import CommandLine
from rbtest.daemon_process import DaemonProcess, scratch_home
from rbtest.hook_home import interpreter_for_anybody
from rbtest.load import requests_of_a_task
from rbtest.wire import Wire

from reasoningbank_client import ReasoningBank
from reasoningbank_schema.messages import Receipt, Remember

INTRUDER = """
import json, os, socket, sys

def try_to(do):
    try:
        do()
        return True
    except OSError:
        return False

def connect(path):
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(path)

ways = {
    "connect": connect,
    "read": lambda path: os.close(os.open(path, os.O_RDONLY)),
    "write": lambda path: os.close(os.open(path, os.O_WRONLY)),
    "list": os.listdir,
    "plant": lambda path: os.close(os.open(path + "/planted", os.O_CREAT | os.O_WRONLY)),
}
wanted = json.load(sys.stdin)
json.dump([[how, path] for how, path in wanted if try_to(lambda: ways[how](path))], sys.stdout)
"""


@contextmanager
def no_umask() -> Iterator[None]:
    """Let whoever makes a file say how: nothing is taken away from a lax mode."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def attempts(home: Path) -> list[tuple[str, str]]:
    """Name every way into what belongs to the bank: each socket, file and folder under a home."""
    found = []
    for path in (
        path for folder in ("data", "state", "run") for path in (home / folder, *(home / folder).rglob("*"))
    ):
        if path.is_socket():
            found.append(("connect", str(path)))
        elif path.is_dir():
            found += [("list", str(path)), ("plant", str(path))]
        else:
            found += [("read", str(path)), ("write", str(path))]
    return found


def succeed(wanted: list[tuple[str, str]], *, user: str) -> list[tuple[str, str]]:
    """Return the attempts that succeed when a user makes them."""
    identity = pwd.getpwnam(user).pw_uid
    done = subprocess.run(
        [interpreter_for_anybody(), "-IS", "-c", INTRUDER],
        input=json.dumps(wanted),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd="/",
        user=identity,
        group=identity,
        extra_groups=[],
    )
    return [(how, path) for how, path in json.loads(done.stdout)]


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
def test_another_user_can_neither_connect_nor_read_nor_write() -> None:
    with scratch_home() as home, no_umask():
        home.chmod(0o755)
        (home / ".claude").mkdir()
        with DaemonProcess(home) as daemon:
            with Wire(daemon.paths.endpoint) as wire:
                for request in requests_of_a_task(random.Random(1), "s1"):
                    assert wire.ask(request) is not None
            assert CommandLine(home).run("hooks", "install", "claude-code", "--user").returncode == 0
            daemon.pause()
            with ReasoningBank(daemon.paths, spool=True, timeout_s=0.1) as bank:
                assert bank.call(Remember(text="kept for later"), Receipt).spooled
            wanted = attempts(home)

            entered = succeed(wanted, user="nobody")
            ours = succeed(wanted, user="root")
            daemon.resume()

    names = {Path(path).name for _, path in wanted}
    assert {"bus.sock", "memory.db", "daemon.lock", "rb-hook", "spool", "logs", "indexes"} <= names
    assert any(name.endswith(".event") for name in names)
    assert entered == []
    assert ours == wanted
    print(f"{len(wanted)} attempts of another user, none succeeded; all of the owner's did")
