"""The real daemon in a scratch folder: start, stop, kill, look."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

import psutil

from rbtest.wire import Wire
from reasoningbank_client import ReasoningBank
from reasoningbank_schema.messages import Control, ControlAction
from reasoningbank_schema.paths import Paths, resolve_paths


def wait_until(condition: Callable[[], bool], *, what: str, timeout_s: float = 30) -> None:
    """Poll a condition until it holds; fail with ``what`` after the timeout."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s} s for: {what}")
        time.sleep(0.005)


def stop_where_it_is(pid: int) -> None:
    """Stop a process (SIGSTOP) and return when all of it stands still, or is gone.

    Each of its threads stops when it next gets a processor: on a busy machine it answers questions until then.
    """
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: _stands_still(pid), what=f"process {pid} to stand still")


def _stands_still(pid: int) -> bool:
    try:
        threads = [psutil.Process(thread.id).status() for thread in psutil.Process(pid).threads()]
    except psutil.ZombieProcess:
        return True
    except psutil.NoSuchProcess:  # it has ended, or one of its threads
        return not psutil.pid_exists(pid)
    return all(status in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE} for status in threads)


@contextlib.contextmanager
def scratch_home(prefix: str = "rb-") -> Iterator[Path]:
    """Make a short-named RB_HOME (a Unix socket path has 107 bytes) and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_AS_ANOTHER_USER = """
import ctypes, importlib, os, pkgutil, sys
import reasoningbank_daemon
for module in pkgutil.walk_packages(reasoningbank_daemon.__path__, "reasoningbank_daemon."):
    importlib.import_module(module.name)
for lazy in ("importlib.readers", "encodings.ascii", "encodings.latin_1"):  # the standard library's own
    importlib.import_module(lazy)
user = int(sys.argv.pop(1))
os.setgroups([])
os.setgid(user)
os.setuid(user)
PR_SET_DUMPABLE = 4  # else /proc/self would go on to be root's
ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
from reasoningbank_daemon.main import main
sys.exit(main())
"""
"""Imports everything before it gives up being root: the interpreter and the sources may lie in root's own home."""


class DaemonProcess:
    """One ``reasoningbankd`` on one RB_HOME; as a context manager it is stopped at the end.

    ``user``: whom it runs as, when we are root; the home must be that user's.
    """

    def __init__(
        self, home: Path, *, environment: Mapping[str, str] | None = None, user: int | None = None
    ) -> None:
        self.home = home
        self._user = user
        self.paths: Paths = resolve_paths({"RB_HOME": str(home)}, home=home)
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("RB_")},
            "RB_HOME": str(home),
            **(environment or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.terminate()

    def start(self, *, wait: bool = True) -> None:
        """Start it and, by default, wait for its first answer."""
        log = (self.home / "daemon.out").open("ab")
        as_user = ["-c", _AS_ANOTHER_USER, str(self._user)]
        self.process = subprocess.Popen(
            [sys.executable, *(as_user if self._user is not None else ["-m", "reasoningbank_daemon.main"])],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        if wait:
            wait_until(self.answers, what=f"the daemon's first answer; its output:\n{self.output()}")

    def answers(self) -> bool:
        """Say whether a ping comes back; raise when the process has ended instead."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.output()}")
        if not self.paths.socket.exists():
            return False
        with Wire(self.paths.endpoint) as wire:
            return wire.ask(Control(action=ControlAction.PING), timeout_s=1) is not None

    def await_judge(self) -> None:
        """Begin a session and wait until the judge that it makes ready has answered: on a busy machine it takes its time.

        A daemon that has been running for a while is so; an edit may wait two seconds for its verdict.
        """
        with ReasoningBank(self.paths) as client:
            client.start_session("warm-up", cwd="/")
        log = self.paths.logs / "daemon.log"
        wait_until(
            lambda: b'"judge_warm"' in log.read_bytes(),
            what="an answer of the judge and its engines",
            timeout_s=120,
        )

    def output(self) -> str:
        """What it printed so far."""
        file = self.home / "daemon.out"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def terminate(self, *, timeout_s: float = 30) -> int:
        """Ask it to stop (SIGTERM) and return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        """End it as a power cut to the process would: SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def stop_whatever_it_does(self) -> None:
        """End it if it was ever started and has not ended: it may be stopped, or not answer any more."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def pause(self) -> None:
        """Stop it where it is (SIGSTOP)."""
        assert self.process is not None
        stop_where_it_is(self.process.pid)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
