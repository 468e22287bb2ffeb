"""What edit verdicts cost those who ask for advice meanwhile: the real daemon, rounds with and without edits in turn."""

from __future__ import annotations

import contextlib
import itertools
import json
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
from bench_report import Report
from bench_serving import AGENT
from client_load import DEADLINE_MS, Measured, ask_all
from edit_pool import EditPool
from generate_bank import PROJECTS
from hook_payloads import FOLDER
from prompt_pool import PromptPool
from rbtest.daemon_process import DaemonProcess

from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_schema.envelope import RequestHeader, pack_request, unpack_answer
from reasoningbank_schema.messages import HookEvent, PreTask, encode_request

ORDER = (False, True, True, False) * 3
"""Rounds without and with edits beside them, so that what changes with time falls on both alike."""

LOADS = ((5.0, "some twenty agents at work"), (25.0, "more than agents write"))
"""Edits a second, at random moments."""
FILES = 300
SESSIONS = 8
_NO_TYPES = '[quality]\nengines_off = ["ty"]\n'
_POLL_MS = 5


def measure_beside(
    daemon: DaemonProcess, pool: PromptPool, requests: int, edits: EditPool, report: Report
) -> None:
    """Ask for advice, one client without a pause, while edits are judged."""
    prompts = itertools.cycle(pool.asked)
    with _project(edits) as payloads:
        for look, settings in (("without a second look", _NO_TYPES), ("with ty's second look", "")):
            if not settings and Programs().ty() is None:
                report.say("  ty is not installed: with its second look nothing was measured")
                continue
            daemon.paths.config_file.write_text(settings, encoding="utf-8")
            daemon.start()
            _stream(daemon, payloads, rate=50.0, while_doing=lambda: _ask(daemon, prompts, 1000))
            for rate, whose in LOADS:
                report.say(f"pre-task beside {rate:g} edits a second ({whose}), {look}")
                _compare(daemon, payloads, rate, lambda: _ask(daemon, prompts, requests // 4), report)
            daemon.terminate()
        daemon.paths.config_file.unlink()


@dataclass(frozen=True, kw_only=True)
class _Streamed:
    """What a stream of edits saw: milliseconds to each verdict, and what was measured meanwhile."""

    times_ms: tuple[float, ...]
    beside: Measured


def _compare(
    daemon: DaemonProcess, payloads: Sequence[bytes], rate: float, ask: Any, report: Report
) -> None:  # a function without arguments
    alone: list[float] = []
    beside: list[float] = []
    judged: list[float] = []
    for has_edits in ORDER:
        if has_edits:
            streamed = _stream(daemon, payloads, rate=rate, while_doing=ask)
            beside += streamed.beside.times_ms
            judged += streamed.times_ms
        else:
            alone += ask().times_ms
    report.say(f"  {len(judged)} verdicts, p50 {_at(judged, 0.5):.1f} ms, p99 {_at(judged, 0.99):.1f} ms")
    for share, name, budget in ((0.5, "p50", ""), (0.99, "p99", "≤ 1.2")):
        without, together = _at(alone, share), _at(beside, share)
        report.figure(
            f"pre-task {name}, with verdicts ÷ without",
            together / without,
            "x",
            budget=budget,
            beside=f"{together:.2f} ms ÷ {without:.2f} ms, {len(beside)} and {len(alone)} answers",
        )


def _ask(daemon: DaemonProcess, prompts: Iterator[str], count: int) -> Measured:
    """Ask the next prompts, each of a session of its own."""
    bodies = [
        encode_request(
            PreTask(
                agent=AGENT,
                session=f"beside-{os.urandom(6).hex()}",
                prompt=prompt,
                cwd=FOLDER.format(number % PROJECTS),
            )
        )
        for number, prompt in enumerate(itertools.islice(prompts, count))
    ]
    return ask_all(daemon.paths.endpoint, bodies, clients=1, stored=False)


@contextlib.contextmanager
def _project(edits: EditPool) -> Iterator[list[bytes]]:
    """Put files where a type checker finds them, and yield the hook events of an agent that writes them anew."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ".git").mkdir()
        bodies = []
        for number, edit in enumerate(edits.edits[:FILES]):
            file = Path(folder) / f"part{number}" / Path(edit.path).name
            file.parent.mkdir()
            file.write_text(edit.after, encoding="utf-8", errors="surrogateescape")
            written = {"filePath": str(file), "content": edit.after, "originalFile": edit.before}
            payload = {
                "session_id": f"edits-{number % SESSIONS}",
                "transcript_path": "/home/dev/.claude/projects/p/t.jsonl",
                "cwd": folder,
                "hook_event_name": "PostToolUse",
                "tool_name": "Write",
                "tool_use_id": f"toolu_{number}",
                "tool_input": {"file_path": str(file), "content": edit.after},
                "tool_response": {**written, "type": "update", "structuredPatch": []},
            }
            event = HookEvent(host="claude-code", event="PostToolUse", payload=json.dumps(payload).encode())
            bodies.append(encode_request(event))
        yield bodies


def _stream(daemon: DaemonProcess, payloads: Sequence[bytes], *, rate: float, while_doing: Any) -> _Streamed:
    """Send edits from a process of its own while something else is measured."""
    context = multiprocessing.get_context("spawn")
    ready, stop, results = context.Event(), context.Event(), context.SimpleQueue()
    sender = context.Process(
        target=_send_edits,
        args=(daemon.paths.endpoint, list(payloads), rate),
        kwargs={"ready": ready, "stop": stop, "results": results},
    )
    sender.start()
    ready.wait()
    beside = while_doing()
    stop.set()
    times_ms = results.get()
    sender.join()
    return _Streamed(times_ms=times_ms, beside=beside)


def _send_edits(
    endpoint: str, payloads: list[bytes], rate: float, *, ready: Any, stop: Any, results: Any
) -> None:  # multiprocessing's events and queues have no public types
    rng = random.Random(3)
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(endpoint)
    waiting: dict[bytes, float] = {}
    times: list[float] = []
    queue = itertools.cycle(rng.sample(payloads, len(payloads)))
    due = time.perf_counter()
    ready.set()
    while not stop.is_set() or waiting:
        if not stop.is_set() and time.perf_counter() >= due:
            due += rng.expovariate(rate)
            header = RequestHeader(nonce=os.urandom(16), sent_ns=time.time_ns(), deadline_ms=DEADLINE_MS)
            waiting[header.nonce] = time.perf_counter()
            socket.send_multipart([pack_request(header), next(queue)])
        if socket.poll(_POLL_MS):
            answer = unpack_answer(socket.recv_multipart()[0])
            if answer.advice_final and answer.nonce in waiting:
                times.append(1e3 * (time.perf_counter() - waiting.pop(answer.nonce)))
    socket.close(linger=0)
    results.put(tuple(times))


def _at(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
