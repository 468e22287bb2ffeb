"""What a search for words costs over the whole bank, and what the hook program costs beside a bare interpreter."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw
from bench_report import Report
from client_load import Measured
from prompt_pool import PromptPool
from rbtest.daemon_process import DaemonProcess, scratch_home

from reasoningbank_daemon.index.analysis import count_terms
from reasoningbank_daemon.index.lexical import LexicalIndex
from reasoningbank_daemon.storage import sqlite
from reasoningbank_daemon.storage.compression import unpack, unpack_optional

HOOK_RUNS = 60
FOUND = 12


def measure_lexical(daemon: DaemonProcess, pool: PromptPool, requests: int, report: Report) -> None:
    """Search the daemon's own index, and the same rows with a bare FTS5 query."""
    prompts = pool.asked[-min(requests, 1000) :]
    if not (daemon.paths.indexes / "lexical" / "manifest.json").exists():
        daemon.start()
        daemon.terminate()
    index = LexicalIndex(daemon.paths.indexes / "lexical")
    report.say(f"lexical search over {index.count} rows")
    found = _timed(lambda prompt: len(index.search(count_terms(prompt), FOUND)), prompts)
    index.close()
    report.figure("p50", found.percentile(0.5), "ms")
    report.figure("p99", found.percentile(0.99), "ms", budget="≤ 6")
    with tempfile.TemporaryDirectory() as folder:
        db = _fts5(daemon.paths.bank, Path(folder) / "fts.db")
        query = "SELECT rowid FROM document WHERE document MATCH ? ORDER BY rank LIMIT ?"
        bare = _timed(lambda prompt: len(db.execute(query, (_or(prompt), FOUND)).fetchall()), prompts[:200])
        db.close()
    report.figure(
        "a bare FTS5 OR query, p50", bare.percentile(0.5), "ms", beside=f"p99 {bare.percentile(0.99):.1f} ms"
    )


def measure_hook(_daemon: DaemonProcess, _pool: PromptPool, _requests: int, report: Report) -> None:
    """Run the installed hook program beside a bare interpreter, the daemon answering."""
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
        for _ in range(HOOK_RUNS):
            bare.append(_run([interpreter, "-IS", "-c", "pass"], b""))
            whole.append(_run([str(program), "claude-code", "Stop"], payload))
    report.say(f"hook: median of {HOOK_RUNS}")
    ratio = statistics.median(whole) / statistics.median(bare)
    beside = f"{statistics.median(whole):.1f} ms, bare interpreter {statistics.median(bare):.1f} ms"
    report.figure("rb-hook ÷ bare interpreter", ratio, "", budget="≤ 1.5", beside=beside)


def _timed(search: Callable[[str], int], prompts: tuple[str, ...]) -> Measured:
    times = []
    for prompt in prompts:
        began = time.perf_counter()
        search(prompt)
        times.append(1e3 * (time.perf_counter() - began))
    return Measured(times_ms=tuple(times), seconds=sum(times) / 1e3, codes={})


def _fts5(bank: Path, file: Path) -> apsw.Connection:
    """Index goal, title and text of every experience with FTS5."""
    db = apsw.Connection(str(file))
    db.execute("CREATE VIRTUAL TABLE document USING fts5 (body, content='')")
    source = sqlite.open_reader(bank)
    rows = source.execute(
        "SELECT e.id, u.prompt, e.title, e.text FROM experience e LEFT JOIN task t ON t.id = e.task_id "
        "LEFT JOIN turn u ON u.session_id = t.session_id AND u.task_id = t.id GROUP BY e.id"
    )
    with sqlite.transaction(db):
        for identifier, goal, title, text in rows:
            body = f"{unpack_optional(goal)}\n{title}\n{unpack(text)}"
            db.execute("INSERT INTO document (rowid, body) VALUES (?, ?)", (identifier, body))
    source.close()
    return db


def _or(prompt: str) -> str:
    return " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"\w+", prompt)))


def _run(command: list[str], stdin: bytes) -> float:
    """Run a program and return the milliseconds it took."""
    began = time.perf_counter()
    subprocess.run(command, input=stdin, check=True, capture_output=True)
    return 1e3 * (time.perf_counter() - began)
