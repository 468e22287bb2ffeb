"""What edit verdicts cost those who ask for advice meanwhile, by the real daemon.

Three kinds of rounds in turn: no edits beside the questions, edits that are stored only, and edits that are judged too.
"""

from __future__ import annotations

import contextlib
import enum
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
from bench_serving import AGENT, wait_for_index
from client_load import DEADLINE_MS, Measured, ask_all
from edit_pool import EditPool
from generate_bank import PROJECTS
from hook_payloads import FOLDER
from prompt_pool import PromptPool
from rbtest.daemon_process import DaemonProcess
from rbtest.wire import Wire

from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_schema.envelope import RequestHeader, pack_request, unpack_answer
from reasoningbank_schema.messages import Control, ControlAction, HookEvent, PreTask, encode_request


class Beside(enum.StrEnum):
    """What the daemon does while it is asked."""

    NOTHING = "no edits"
    STORING = "edits stored, not judged"
    JUDGING = "edits stored and judged"


ORDER = (*Beside, *reversed(Beside)) * 3
"""What changes with time falls on all kinds of rounds alike."""

LOADS = ((5.0, "some twenty agents at work"), (25.0, "more than agents write"))
"""Edits a second, at random moments."""
FILES = 300
SESSIONS = 8
_NO_TYPES = 'engines_off = ["ty"]\n'
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
            _configure(daemon, settings)
            daemon.start()
            wait_for_index(daemon)
            _stream(daemon, payloads, rate=50.0, while_doing=lambda: _ask(daemon, prompts, 1000))
            for rate, whose in LOADS:
                report.say(f"pre-task beside {rate:g} edits a second ({whose}), {look}")
                streamed = _take_turns(
                    daemon, payloads, rate, lambda: _ask(daemon, prompts, requests // 4), settings
                )
                _compare(streamed, report)
            daemon.terminate()
        daemon.paths.config_file.unlink()


@dataclass(frozen=True, kw_only=True)
class _Streamed:
    """What a stream of edits saw: milliseconds to each answer, and what was measured meanwhile."""

    times_ms: tuple[float, ...]
    beside: Measured


@dataclass(kw_only=True)
class _Turns:
    """Milliseconds to each piece of advice by kind of round, and to each verdict."""

    advice_ms: dict[Beside, list[float]]
    verdicts_ms: list[float]


def _take_turns(
    daemon: DaemonProcess, payloads: Sequence[bytes], rate: float, ask: Any, settings: str
) -> _Turns:  # ask: a function without arguments
    turns = _Turns(advice_ms={kind: [] for kind in Beside}, verdicts_ms=[])
    for kind in ORDER:
        _configure(daemon, settings, judging=kind is Beside.JUDGING)
        _reload(daemon)
        if kind is Beside.NOTHING:
            turns.advice_ms[kind] += ask().times_ms
            continue
        streamed = _stream(daemon, payloads, rate=rate, while_doing=ask)
        turns.advice_ms[kind] += streamed.beside.times_ms
        if kind is Beside.JUDGING:
            turns.verdicts_ms += streamed.times_ms
    return turns


def _compare(turns: _Turns, report: Report) -> None:
    verdicts = turns.verdicts_ms
    report.say(
        f"  {len(verdicts)} verdicts, p50 {_at(verdicts, 0.5):.1f} ms, p99 {_at(verdicts, 0.99):.1f} ms"
    )
    judging = turns.advice_ms[Beside.JUDGING]
    for other, budget in ((Beside.STORING, "≤ 1.2"), (Beside.NOTHING, "")):
        without = turns.advice_ms[other]
        report.figure(
            f"pre-task p99, {Beside.JUDGING} ÷ {other}",
            _at(judging, 0.99) / _at(without, 0.99),
            "x",
            budget=budget,
            beside=f"{_at(judging, 0.99):.2f} ms ÷ {_at(without, 0.99):.2f} ms; p50 {_at(judging, 0.5):.2f} ÷ "
            f"{_at(without, 0.5):.2f}; {len(judging)} and {len(without)} answers",
        )


def _configure(daemon: DaemonProcess, settings: str, *, judging: bool = True) -> None:
    text = f"[quality]\nenabled = {str(judging).lower()}\n{settings}"
    daemon.paths.config_file.write_text(text, encoding="utf-8")


def _reload(daemon: DaemonProcess) -> None:
    with Wire(daemon.paths.endpoint) as wire:
        wire.ask(Control(action=ControlAction.RELOAD))


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
