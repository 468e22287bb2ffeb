"""The installed hook program, run as an ordinary user, and what it leaves behind."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rbtest.daemon_process import wait_until
from reasoningbank_hooks.installer import (
    HookProgram,
    InterpreterError,
    Place,
    Scope,
    apply,
    find_interpreter,
    plan_install,
)
from reasoningbank_hooks.installer.interpreter import SYSTEM_PYTHON
from reasoningbank_schema import spool
from reasoningbank_schema.envelope import RequestHeader, unpack_request
from reasoningbank_schema.messages import HookEvent, decode_request
from reasoningbank_schema.paths import Paths, resolve_paths

PATIENCE_S = 20.0

BOUND_S = 0.3
TRIES = 10
"""How often a call is made at most until one is within the bound."""


def ordinary_user() -> int | None:
    """Who the hook runs as: nobody when the tests run as root (root passes every permission), else ourselves."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def install_program(folder: Path, *, daemon: tuple[str, ...] = ()) -> HookProgram:
    """Install the hook program under a folder, on an interpreter that the ordinary user may run."""
    paths = resolve_paths({"RB_HOME": str(folder)}, home=folder)
    program = HookProgram(
        interpreter=interpreter_for_anybody(), paths=paths, daemon=daemon, environment={"PATH": os.defpath}
    )
    place = Place(claude_dir=folder / "claude", project_dir=folder / "project")
    apply(plan_install(program, Scope.USER, place, version="1"), stamp="test")
    give_away(folder)
    return program


def give_away(folder: Path) -> None:
    """Make the ordinary user the owner of a folder and of all that is in it."""
    user = ordinary_user()
    if user is not None:
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, user, user)


def interpreter_for_anybody() -> str:
    """Return a Python that the ordinary user may run; the one of the tests may lie in root's own home."""
    for candidate in (SYSTEM_PYTHON, sys.executable):
        try:
            found = find_interpreter([candidate])
            subprocess.run([found, "-IS", "-c", "pass"], check=True, user=ordinary_user())
        except (PermissionError, InterpreterError):
            continue  # root's own, in /root
        return found
    pytest.skip("no Python 3.11 that an ordinary user may run")


@dataclass
class HookRun:
    """What one call did, and how long its host waited for it."""

    status: int
    stdout: bytes
    stderr: bytes
    wall_s: float

    @property
    def is_silent(self) -> bool:
        return (self.status, self.stdout, self.stderr) == (0, b"", b"")


class HookHome:
    """One RB_HOME and the hook program that serves it; called by an ordinary user, or as ourselves."""

    def __init__(self, program: HookProgram, *, as_ourselves: bool = False) -> None:
        self.program = program
        self.user = None if as_ourselves else ordinary_user()
        self.calls = 0
        self.root = Path(tempfile.mkdtemp(prefix="rb-", dir="/tmp"))
        self.paths: Paths = resolve_paths({"RB_HOME": str(self.root)}, home=self.root)
        for folder in (self.paths.state_dir, self.paths.runtime_dir):
            folder.mkdir(mode=0o700)
        if self.user is not None:
            give_away(self.root)

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def socket(self) -> str:
        return str(self.paths.socket)

    def start(
        self, event: str, *arguments: str, host: str = "claude-code", stdin: int = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        """Start the hook as a host would, in an environment that has been cleaned."""
        self.calls += 1
        return subprocess.Popen(
            [str(self.program.executable), host, event, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"RB_HOME": str(self.root)},
            cwd=self.root,
            user=self.user,
            group=self.user,
            extra_groups=[] if self.user is not None else None,
        )

    def run(self, event: str, payload: bytes, *arguments: str, host: str = "claude-code") -> HookRun:
        """Call the hook once, stdin closed behind the payload."""
        begun = time.perf_counter()
        process = self.start(event, *arguments, host=host)
        stdout, stderr = process.communicate(payload, timeout=PATIENCE_S)
        return HookRun(process.returncode, stdout, stderr, time.perf_counter() - begun)

    def run_unclosed(self, event: str, payload: bytes) -> HookRun:
        """Call the hook once and never close its stdin."""
        begun = time.perf_counter()
        process = self.start(event)
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(payload)
        process.stdin.flush()
        process.wait(timeout=PATIENCE_S)
        wall_s = time.perf_counter() - begun
        run = HookRun(process.returncode, process.stdout.read(), process.stderr.read(), wall_s)
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
        return run

    def spooled(self) -> list[tuple[RequestHeader, HookEvent]]:
        """Read the spool as the daemon does, as its owner, once no hook is at work any more."""
        # Twice: a child that hands over to one of its own while we look is gone, and the new one not in our list.
        wait_until(
            lambda: not (self._hook_at_work() or self._hook_at_work()),
            what="the children of hooks on a busy machine to be done",
        )
        folder = str(self.paths.spool)
        found: list[tuple[RequestHeader, HookEvent]] = []
        with _as_user(self.user):
            for name in spool.list_entries(folder):
                try:
                    entry = spool.read_entry(folder, name)
                except FileNotFoundError:
                    continue  # a daemon has just taken it in
                event = decode_request(entry.body)
                assert isinstance(event, HookEvent)
                found.append((unpack_request(entry.header), event))
        return found

    def _hook_at_work(self) -> bool:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes()
                if (
                    f"RB_HOME={self.root}".encode() in environment
                    and b"rb-hook" in (process / "cmdline").read_bytes()
                ):
                    return True
            except OSError:
                continue  # gone, or somebody else's
        return False


class _as_user:  # noqa: N801 (reads as a statement)
    """Be another user for a while: the spool is refused to anybody but its owner."""

    def __init__(self, user: int | None) -> None:
        self._user = user

    def __enter__(self) -> None:
        if self._user is not None:
            os.seteuid(self._user)

    def __exit__(self, *_: object) -> None:
        if self._user is not None:
            os.seteuid(0)


def quickest(call: Callable[[], HookRun]) -> HookRun:
    """Make the call until it is within the bound, so that a busy machine is not taken for a slow program.

    Returns the last one; each must be silent.
    """
    runs = [call()]
    while runs[-1].wall_s >= BOUND_S and len(runs) < TRIES:
        runs.append(call())
    assert all(run.is_silent for run in runs), runs
    print("hook calls of", ", ".join(f"{run.wall_s * 1000:.0f}" for run in runs), "ms")
    return runs[-1]
