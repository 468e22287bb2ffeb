"""Engines must not outlive the process they serve, however it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

OWNER = """
import sys, time
from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.reviewer import Reviewer, standard_engines
import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
engines = standard_engines()
reviewer = Reviewer(engines)
reviewer.review(Edit(path="a.py", before="x = 1", after="x = 2"), time.monotonic() + 60)
print(engines[0].pid, engines[1].pid, flush=True)
sys.stdin.read()
if "close" in sys.argv:
    reviewer.close()
"""


class Owner:
    """A process that holds two warm engines, and a handle on each of them."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.engines = [os.pidfd_open(int(pid)) for pid in self.process.stdout.readline().split()]

    def engines_ended(self) -> bool:
        """Wait until both engines ended; False where one still runs after a minute."""
        return all(select.select([engine], [], [], 60)[0] for engine in self.engines)

    def close(self) -> None:
        for engine in self.engines:
            os.close(engine)
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def test_killed_owner_takes_its_engines_along() -> None:
    owner = Owner()

    owner.process.kill()

    assert len(owner.engines) == 2
    assert owner.engines_ended()
    owner.close()


def test_killed_owner_takes_along_engines_that_can_no_longer_react() -> None:
    owner = Owner()
    for engine in owner.engines:
        signal.pidfd_send_signal(engine, signal.SIGSTOP)

    owner.process.kill()

    assert owner.engines_ended()
    owner.close()


@pytest.mark.parametrize("arguments", [(), ("close",)])
def test_owner_that_ends_leaves_no_engine(arguments: tuple[str, ...]) -> None:
    owner = Owner(*arguments)
    assert owner.process.stdin is not None

    owner.process.stdin.close()

    assert owner.process.wait(60) == 0
    assert owner.engines_ended()
    owner.close()


def test_interrupt_at_the_terminal_does_not_reach_the_engines() -> None:
    owner = Owner()

    groups = {os.getpgid(owner.process.pid), *(os.getpgid(pid_of(engine)) for engine in owner.engines)}

    assert len(groups) == 3
    owner.close()


def pid_of(handle: int) -> int:
    information = Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in information.splitlines() if line.startswith("Pid:"))
