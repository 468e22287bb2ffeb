"""Measure a daemon with a generated bank: ``make bench ARGS="--tasks 10000 --prompts FILE"``.

Prints figures beside a bare ping of the same run; nothing is asserted. ``--prompts`` names a text file with one
prompt a line; without it prompts are made of the generator's words.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from generate_bank import generate
from rbtest.daemon_process import DaemonProcess, scratch_home
from rbtest.wire import Wire

from reasoningbank_schema.messages import Control, ControlAction, PostCommand, PreTask, Request

_WORDS = [
    "parser",
    "cache",
    "socket",
    "retry",
    "upload",
    "token",
    "session",
    "schema",
    "index",
    "worker",
    "queue",
    "timeout",
    "login",
    "invoice",
    "chart",
    "export",
    "filter",
    "migration",
    "header",
    "footer",
    "locale",
    "webhook",
    "thumbnail",
    "lexer",
    "cursor",
    "snapshot",
    "quota",
    "ledger",
    "render",
    "deploy",
]


def main() -> None:
    """Generate, start, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--prompts", type=Path)
    given = parser.parse_args()
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        seconds = generate(daemon.paths, prompts(given.prompts, 1), tasks=given.tasks)
        print(f"bank: {given.tasks} tasks generated in {seconds:.0f} s")
        began = time.monotonic()
        daemon.start()
        print(f"first start, index made: {time.monotonic() - began:.2f} s")
        daemon.terminate()
        began = time.monotonic()
        daemon.start()
        print(f"start to first answer, index there: {time.monotonic() - began:.2f} s")
        size = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
        print(f"on disk: {size / given.tasks:,.0f} B a task, index included; PSS {pss_mb(daemon):.0f} MB")
        measure(daemon, given.requests, given.prompts)
        daemon.terminate()
    hook()


def measure(daemon: DaemonProcess, count: int, file: Path | None) -> None:
    """Print latency of one client and throughput of several."""
    texts = prompts(file, 2)
    ping: Callable[[int], Request] = lambda _: Control(action=ControlAction.PING)  # noqa: E731
    ask: Callable[[int], Request] = lambda n: PreTask(session=f"b{n}", prompt=next(texts), cwd="/tmp/p1")  # noqa: E731
    write: Callable[[int], Request] = lambda n: PostCommand(  # noqa: E731
        session=f"w{n % 64}", command=f"pytest tests/test_{n}.py", exit_status=n % 2, output="x" * 900
    )
    for name, make in (("ping", ping), ("pre-task and stored", ask)):
        times = sorted(client(daemon, make, count, start=1))
        print(f"{name}: p50 {times[count // 2]:.2f} ms, p99 {times[int(count * 0.99)]:.2f} ms, one client")
    for name, make, clients in (("pre-task", ask, 8), ("stored typed events", write, 64)):
        began = time.monotonic()
        threads = [
            threading.Thread(
                target=client, args=(daemon, make, count // clients), kwargs={"start": i * 10**6}
            )
            for i in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = count // clients * clients / (time.monotonic() - began)
        print(f"{name}: {rate:,.0f}/s, {clients} clients in one Python process (its own cost included)")


def client(daemon: DaemonProcess, make: Callable[[int], Request], count: int, *, start: int) -> list[float]:
    """Ask ``count`` times and return the times in milliseconds."""
    times = []
    with Wire(daemon.paths.endpoint) as wire:
        for number in range(start, start + count):
            began = time.perf_counter()
            wire.ask(make(number))
            times.append(1e3 * (time.perf_counter() - began))
    return times


def hook() -> None:
    """Print what the installed hook program costs beside a bare interpreter, the daemon answering."""
    with scratch_home() as home, DaemonProcess(home) as daemon:
        subprocess.run(
            [sys.executable, "-m", "reasoningbank_daemon.cli.main", "hooks", "install", "claude-code"],
            env={**os.environ, "RB_HOME": str(home), "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home)},
            check=True,
            capture_output=True,
        )
        program = daemon.paths.hook_dir / "rb-hook"
        interpreter = program.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("#!").split()[0]
        payload = b'{"session_id":"s","cwd":"/tmp","hook_event_name":"Stop","transcript_path":"/tmp/t"}'
        bare, whole = [], []
        for _ in range(40):
            bare.append(run([interpreter, "-IS", "-c", "pass"], b""))
            whole.append(run([str(program), "claude-code", "Stop"], payload))
    ratio = statistics.median(whole) / statistics.median(bare)
    print(
        f"hook: {statistics.median(whole):.1f} ms, bare interpreter {statistics.median(bare):.1f} ms: {ratio:.2f}"
    )


def run(command: list[str], stdin: bytes) -> float:
    """Run a program and return the milliseconds it took."""
    began = time.perf_counter()
    subprocess.run(command, input=stdin, check=True, capture_output=True)
    return 1e3 * (time.perf_counter() - began)


def prompts(file: Path | None, seed: int) -> Iterator[str]:
    """Yield prompts without end: a file's lines in random order, or 30 to 60 words of the generator's."""
    rng = random.Random(seed)
    lines = file.read_text(encoding="utf-8").splitlines() if file else []
    while True:
        yield rng.choice(lines) if lines else " ".join(rng.choices(_WORDS, k=rng.randrange(30, 60)))


def pss_mb(daemon: DaemonProcess) -> float:
    """Return the daemon's proportional set size, its children not counted."""
    assert daemon.process is not None
    text = Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
