"""Session after session through the real hook: no process is left over, file descriptors and memory stay flat.

``RB_SESSIONS`` sets how many (`make crash`: 1,000); the default is the short form.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from rbtest.daemon_process import DaemonProcess, wait_until
from rbtest.hook_home import HookHome, install_program
from rbtest.recorded_session import SESSION, another_session
from rbtest.wire import Wire

from reasoningbank_schema.messages import DaemonStatus, Status, decode_reply

SESSIONS = int(os.environ.get("RB_SESSIONS", "40"))
AT_ONCE = 4
MEASUREMENTS = 20
VARYING = 8
"""How many more descriptors, threads or children there may be at one moment than at another."""
MOST_BYTES = 160 * 1024 * 1024
"""What the daemon may hold at all, with a bank this small."""
GROWTH_BYTES = 16 * 1024 * 1024
GROWTH_BYTES_A_SESSION = 4_000
"""What memory may grow by after the first quarter: at one moment, and with the newest sessions it remembers."""


@dataclass(frozen=True)
class Measured:
    """What the daemon and its children hold after a number of sessions."""

    sessions: int
    descriptors: int
    threads: int
    children: int
    rss_bytes: int


@pytest.fixture
def home() -> Iterator[HookHome]:
    folder = Path(tempfile.mkdtemp(prefix="rb-program-", dir="/tmp"))
    folder.chmod(0o755)
    made = HookHome(install_program(folder), as_ourselves=True)
    yield made
    made.remove()
    shutil.rmtree(folder)


def _measure(daemon: DaemonProcess, sessions: int) -> Measured:
    assert daemon.process is not None
    process = psutil.Process(daemon.process.pid)
    with Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Status(), timeout_s=30)
        assert answers is not None
        status = decode_reply(answers.advice)
        assert isinstance(status, DaemonStatus)
        assert status.stored == sessions * len(SESSION)
    return Measured(
        sessions=sessions,
        descriptors=process.num_fds(),
        threads=process.num_threads(),
        children=len(process.children(recursive=True)),
        rss_bytes=process.memory_info().rss,
    )


def _family(daemon: DaemonProcess) -> set[int]:
    assert daemon.process is not None
    engines = psutil.Process(daemon.process.pid).children(recursive=True)
    return {daemon.process.pid, *(engine.pid for engine in engines)}


def _processes_of(home: Path) -> set[int]:
    """Find whatever runs for this home: its environment tells."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.environ().get("RB_HOME") == str(home):
                found.add(process.pid)
        except psutil.Error:
            continue
    return found


def test_session_after_session_leaves_nothing_behind(home: HookHome) -> None:
    def tell(number: int) -> None:
        for event, payload in another_session(number):
            assert home.run(event, payload).status == 0

    measured = []
    with DaemonProcess(home.root) as daemon, ThreadPoolExecutor(AT_ONCE) as pool:
        step = max(1, SESSIONS // MEASUREMENTS)
        for start in range(0, SESSIONS, step):
            list(pool.map(tell, range(start, min(start + step, SESSIONS))))
            measured.append(_measure(daemon, min(start + step, SESSIONS)))
        family = _family(daemon)
        assert _processes_of(home.root) <= family
        assert daemon.terminate() == 0
        wait_until(
            lambda: not any(map(psutil.pid_exists, family)) and not _processes_of(home.root),
            what="the daemon and its engines to be gone",
        )

    for now in measured:
        print(
            f"{now.sessions:5} sessions: {now.descriptors} descriptors, {now.threads} threads, "
            f"{now.children} children, RSS {now.rss_bytes / 1e6:.1f} MB"
        )
    assert not list(home.paths.spool.glob("*.event"))
    early, late = measured[len(measured) // 4 : len(measured) // 2], measured[-len(measured) // 4 :]
    # What is open at one moment varies: connections that are ending, segments of the index being merged.
    apart = late[-1].sessions - early[-1].sessions
    for held in ("descriptors", "threads", "children"):
        assert _most(late, held) - _most(early, held) <= max(VARYING, apart // 50), held
    # An index commit holds some 12 MB for a moment, and several may meet: what is held between them is what stays.
    stays = min(now.rss_bytes for now in late) - min(now.rss_bytes for now in early)
    assert stays < GROWTH_BYTES + GROWTH_BYTES_A_SESSION * apart


def _most(measured: list[Measured], held: str) -> int:
    return max(int(getattr(now, held)) for now in measured)
