"""Session after session through the real hook: no process is left over, file descriptors and memory stay flat.

``RB_SESSIONS`` sets how many (`make crash`: 1,000); the default is the short form.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import apsw
import psutil
import pytest
from rbtest.daemon_process import DaemonProcess, wait_until
from rbtest.hook_home import HookHome, install_program
from rbtest.recorded_session import SESSION, another_session

SESSIONS = int(os.environ.get("RB_SESSIONS", "40"))
FEW_SESSIONS = 40
AT_ONCE = 4
MEASUREMENTS = 20
VARYING = 8
"""How many more descriptors, threads or children there may be at one moment than at another."""
MOST_BYTES = 200 * 1024 * 1024
"""What the daemon may hold at any moment, with a bank this small."""
GROWTH_BYTES = 32 * 1024 * 1024
GROWTH_BYTES_A_SESSION = 4_000
"""What memory may grow by after the first quarter: by an index commit's 15 MB in each of the two heaps that threads
share, and with the sessions it remembers."""

LEAK = """
from reasoningbank_daemon.storage.recording import recorder

held, count, take_effects = [], 0, recorder.Recorder.take_effects

def leaking(self):
    global count
    count += 1
    found = bytearray(b"x") * ({leak_bytes} * ({most} or count))
    if {most}:
        held.append(found)
    return take_effects(self)

recorder.Recorder.take_effects = leaking
"""
"""Holds more memory after each transaction (``most`` 1), or takes more for a moment at each (``most`` 0)."""


@dataclass(frozen=True)
class Measured:
    """What the daemon and its children hold after a number of sessions, and the most it held since the last look."""

    sessions: int
    descriptors: int
    threads: int
    children: int
    rss_bytes: int
    peak_bytes: int


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
    # A hook that was late on a busy machine has left its event in the spool.
    wait_until(
        lambda: _stored(daemon) == sessions * len(SESSION),
        what=f"the events of {sessions} sessions to be stored",
    )
    return Measured(
        sessions=sessions,
        descriptors=process.num_fds(),
        threads=process.num_threads(),
        children=len(process.children(recursive=True)),
        rss_bytes=process.memory_info().rss,
        peak_bytes=_take_peak(process),
    )


def _stored(daemon: DaemonProcess) -> int:
    db = apsw.Connection(str(daemon.paths.bank), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(db.execute("SELECT count(*) FROM receipt").get)
    finally:
        db.close()


def _take_peak(process: psutil.Process) -> int:
    """Return the most that a process held since this was asked last."""
    folder = Path("/proc") / str(process.pid)
    peak = re.search(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text(encoding="ascii"))
    assert peak is not None
    (folder / "clear_refs").write_text("5", encoding="ascii")
    return int(peak[1]) * 1024


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


def _play(home: HookHome, daemon: DaemonProcess, sessions: int) -> list[Measured]:
    """Play the sessions, some at once, and measure in between."""

    def tell(number: int) -> None:
        for event, payload in another_session(number):
            assert home.run(event, payload).status == 0

    measured = []
    step = max(1, sessions // MEASUREMENTS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, sessions, step):
            list(pool.map(tell, range(start, min(start + step, sessions))))
            measured.append(_measure(daemon, min(start + step, sessions)))
    return measured


def _what_grows(measured: list[Measured]) -> list[str]:
    """Say what does not stay flat after the first quarter.

    What is open at one moment varies: connections that are ending, segments of the index being merged. Memory moves
    in steps, and an index commit holds some 12 MB for a moment: the median slope over all pairs of measurements
    heeds neither a single step nor single peaks, but does what goes on.
    """
    settled = measured[len(measured) // 4 :]
    early, late = settled[: len(settled) // 3], settled[-len(settled) // 3 :]
    apart = settled[-1].sessions - settled[0].sessions
    found = [
        f"{held}: at most {_most(early, held)}, later {_most(late, held)}"
        for held in ("descriptors", "threads", "children")
        if _most(late, held) - _most(early, held) > max(VARYING, apart // 50)
    ]
    for held in ("rss_bytes", "peak_bytes"):
        slope = statistics.median(
            (getattr(later, held) - getattr(sooner, held)) / (later.sessions - sooner.sessions)
            for sooner, later in itertools.combinations(settled, 2)
        )
        if slope * apart > GROWTH_BYTES + GROWTH_BYTES_A_SESSION * apart:
            found.append(f"{held}: {slope:.0f} bytes a session over {apart} sessions")
    if _most(measured, "peak_bytes") > MOST_BYTES:
        found.append(f"peak_bytes: {_most(measured, 'peak_bytes')} at once")
    return found


def _most(measured: list[Measured], held: str) -> int:
    return max(int(getattr(now, held)) for now in measured)


def test_session_after_session_leaves_nothing_behind(home: HookHome) -> None:
    with DaemonProcess(home.root) as daemon:
        measured = _play(home, daemon, SESSIONS)
        family = _family(daemon)
        assert _processes_of(home.root) <= family
        assert daemon.terminate() == 0
        wait_until(
            lambda: not any(map(psutil.pid_exists, family)) and not _processes_of(home.root),
            what="the daemon and its engines to be gone",
        )

    for now in measured:
        print(
            f"{now.sessions:5} sessions: {now.descriptors} descriptors, {now.threads} threads, {now.children} "
            f"children, RSS {now.rss_bytes / 1e6:.1f} MB, at most {now.peak_bytes / 1e6:.1f} MB"
        )
    assert not list(home.paths.spool.glob("*.event"))
    assert _what_grows(measured) == []


@pytest.mark.parametrize(("most", "grows"), [(1, "rss_bytes"), (0, "peak_bytes")])
def test_memory_that_grows_is_noticed(home: HookHome, tmp_path: Path, most: int, grows: str) -> None:
    leak_bytes = 100 * 1024 * 1024 // (FEW_SESSIONS * len(SESSION))
    (tmp_path / "sitecustomize.py").write_text(
        LEAK.format(leak_bytes=leak_bytes, most=most), encoding="utf-8"
    )

    with DaemonProcess(home.root, environment={"PYTHONPATH": str(tmp_path)}) as daemon:
        measured = _play(home, daemon, FEW_SESSIONS)

    assert [growing.partition(":")[0] for growing in _what_grows(measured)].count(grows) >= 1
