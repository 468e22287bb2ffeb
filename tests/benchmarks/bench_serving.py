"""How the daemon starts, answers and stores, with as many clients as the budgets name."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from pathlib import Path

from bench_report import Report
from client_load import Measured, ask_all
from generate_bank import PROJECTS
from hook_payloads import FOLDER, Payloads
from prompt_pool import PromptPool
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.wire import Wire

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.handlers.pre_task import advise_task
from reasoningbank_daemon.services.container import open_services
from reasoningbank_daemon.storage.records import EventRecord
from reasoningbank_schema.events import Origin, PromptSubmitted
from reasoningbank_schema.messages import (
    Control,
    ControlAction,
    DaemonStatus,
    HookEvent,
    PostCommand,
    PreTask,
    Status,
    TaskAdvice,
    decode_reply,
    encode_request,
)

EVENT_CLIENTS = 64
PRE_TASK_CLIENTS = 8
FIRST_ANSWER_S = 60.0
INDEX_S = 600.0
AGENT = "claude-code"
"""Who asks: the selection has candidates for it."""


def measure_start(daemon: DaemonProcess, _pool: PromptPool, _requests: int, report: Report) -> None:
    """Start with the index made, then from its snapshot; count what lies on the disk."""
    report.say("start")
    report.figure("start while the index is made", _start(daemon), "s")
    wait_for_index(daemon)
    daemon.terminate()
    times = []
    for _ in range(5):
        times.append(_start(daemon))
        daemon.terminate()
    report.figure("start to first answer, from a snapshot", statistics.median(times), "s", budget="≤ 1")
    daemon.start()
    status = _status(daemon)
    report.figure("memory after start", pss_mb(daemon), "MB PSS", budget="≤ 350")
    daemon.terminate()
    files = [file for file in daemon.home.rglob("*") if file.is_file()]
    kept = [file for file in files if daemon.paths.logs not in file.parents]
    size = sum(file.stat().st_size for file in kept)
    report.figure(
        "on disk, indexes counted",
        size / max(1, status.tasks),
        "B a task",
        budget="≤ 10000",
        beside=f"{status.tasks} tasks",
    )


def measure_memory_empty(_daemon: DaemonProcess, _pool: PromptPool, _requests: int, report: Report) -> None:
    """Start a daemon on an empty bank."""
    report.say("empty bank")
    with scratch_home() as home:
        empty = DaemonProcess(home)
        taken = _start(empty)
        report.figure("start to first answer", taken, "s")
        report.figure("memory", pss_mb(empty), "MB PSS", budget="≤ 120")
        empty.terminate()


def measure_pre_task(daemon: DaemonProcess, pool: PromptPool, requests: int, report: Report) -> None:
    """Ask for advice with one client and with eight, each prompt once."""
    report.say(f"pre-task: prompts distinct, median {pool.median_words:.0f} words")
    prompts = pool.asked[: 2 * requests + 200]
    # An index that is being made takes its share of the interpreter: not what is asked here.
    daemon.start()
    wait_for_index(daemon)
    daemon.terminate()
    _inside(daemon, prompts[: requests // 2], report)
    daemon.start()
    ping = encode_request(Control(action=ControlAction.PING))
    bodies = [
        encode_request(
            PreTask(
                agent=AGENT, session=f"bench-{number}", prompt=prompt, cwd=FOLDER.format(number % PROJECTS)
            )
        )
        for number, prompt in enumerate(prompts)
    ]
    ask_all(daemon.paths.endpoint, bodies[:200], clients=1, stored=False)
    alone = ask_all(daemon.paths.endpoint, bodies[200 : 200 + requests // 2], clients=1, stored=False)
    bare = ask_all(daemon.paths.endpoint, [ping] * requests, clients=1, stored=False)
    report.figure(
        "bare ping, one client", bare.percentile(0.5), "ms p50", beside=f"p99 {bare.percentile(0.99):.2f} ms"
    )
    _advice("one client", alone, report)
    many = ask_all(
        daemon.paths.endpoint,
        bodies[200 + requests // 2 :],
        clients=PRE_TASK_CLIENTS,
        stored=False,
        keep_bodies=True,
    )
    _advice(f"{PRE_TASK_CLIENTS} clients", many, report)
    report.figure(f"rate, {PRE_TASK_CLIENTS} clients", many.rate, "/s", budget="≥ 600")
    told = [reply for body in many.bodies if isinstance(reply := decode_reply(body), TaskAdvice)]
    evidence = sum(reply.selection.evidence > 0 for reply in told)
    report.say(
        f"  of {len(told)} answers {evidence} rest on evidence; {sum(reply.experience is not None for reply in told)} tell an experience"
    )
    report.figure("memory afterwards", pss_mb(daemon), "MB PSS", budget="≤ 350")
    daemon.terminate()


def measure_events(daemon: DaemonProcess, pool: PromptPool, requests: int, report: Report) -> None:
    """Store hook events of many sessions at once, then bare typed ones."""
    requests = max(requests, 200 * EVENT_CLIENTS)
    daemon.start()
    for name, edits, budget in (
        ("without edits", False, "≥ 4000"),
        ("one in five an edit, judged", True, ""),
    ):
        prompts, used = _hook_events(pool, requests, edits=edits)
        ask_all(daemon.paths.endpoint, prompts, clients=EVENT_CLIENTS, stored=True)
        stored = ask_all(daemon.paths.endpoint, used, clients=EVENT_CLIENTS, stored=True)
        mean = statistics.mean(map(len, used))
        report.say(f"hook events, {name}: {mean:,.0f} B on average, {EVENT_CLIENTS} clients; {stored.codes}")
        report.figure(
            "stored",
            stored.rate,
            "/s",
            budget=budget,
            beside=f"p50 {stored.percentile(0.5):.1f} ms, p99 {stored.percentile(0.99):.1f} ms",
        )
    typed = [
        encode_request(
            PostCommand(
                session=f"typed-{number % EVENT_CLIENTS}",
                command=f"pytest tests/test_{number}.py",
                exit_status=number % 2,
            )
        )
        for number in range(requests)
    ]
    bare = ask_all(daemon.paths.endpoint, typed, clients=EVENT_CLIENTS, stored=True)
    report.figure("bare typed events stored", bare.rate, "/s", beside=f"p50 {bare.percentile(0.5):.1f} ms")
    report.figure("memory afterwards", pss_mb(daemon), "MB PSS", budget="≤ 350")
    daemon.terminate()


def pss_mb(daemon: DaemonProcess) -> float:
    """Return the daemon's proportional set size, its children not counted."""
    assert daemon.process is not None
    text = Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:"))


def _inside(daemon: DaemonProcess, prompts: tuple[str, ...], report: Report) -> None:
    """Time the handler itself, in this process, one prompt after the other; the event is stored beside it."""
    services = open_services(daemon.paths, Config())
    times = []
    for number, prompt in enumerate(prompts):
        folder = FOLDER.format(number % PROJECTS)
        origin = Origin(host=AGENT, session_id=f"inside-{number}", at_ns=time.time_ns(), cwd=folder)
        event = PromptSubmitted(origin=origin, prompt=prompt)
        nonce = number.to_bytes(16, "big")
        services.store.submit(EventRecord(nonce=nonce, at_ns=origin.at_ns, event=event), None)
        began = time.perf_counter()
        advise_task(services, event, nonce=nonce)
        times.append(1e3 * (time.perf_counter() - began))
    services.close()
    _advice("inside, one after the other", Measured(times_ms=tuple(times[50:]), seconds=1, codes={}), report)


def _advice(name: str, measured: Measured, report: Report) -> None:
    others = {code: count for code, count in measured.codes.items() if code != "OK"}
    report.figure(
        f"{name}, p50",
        measured.percentile(0.5),
        "ms",
        budget="≤ 2" if "inside" in name else "",
        beside=str(others) if others else "",
    )
    report.figure(f"{name}, p99", measured.percentile(0.99), "ms", budget="≤ 8" if "inside" in name else "")


def _hook_events(pool: PromptPool, count: int, *, edits: bool) -> tuple[list[bytes], list[bytes]]:
    rng = random.Random(2 + edits)
    sessions = [Payloads(rng.randrange(1 << 30), edits=edits) for _ in range(EVENT_CLIENTS)]
    prompts = [_hook("UserPromptSubmit", session.prompt(rng.choice(pool.asked))) for session in sessions]
    streams = [session.used() for session in sessions]
    used = [
        _hook("PostToolUse", next(stream)) for stream in itertools.islice(itertools.cycle(streams), count)
    ]
    return prompts, used


def _hook(event: str, payload: bytes) -> bytes:
    return encode_request(HookEvent(host="claude-code", event=event, payload=payload))


def wait_for_index(daemon: DaemonProcess) -> None:
    wait_until(
        lambda: _status(daemon).experiences == _status(daemon).lexical_documents,
        what="the index to be complete",
        timeout_s=INDEX_S,
    )


def _start(daemon: DaemonProcess) -> float:
    began = time.monotonic()
    daemon.start(wait=False)
    wait_until(daemon.answers, what="the daemon's first answer", timeout_s=FIRST_ANSWER_S)
    return time.monotonic() - began


def _status(daemon: DaemonProcess) -> DaemonStatus:
    with Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Status(), timeout_s=60)
    assert answers is not None
    status = decode_reply(answers.advice)
    assert isinstance(status, DaemonStatus)
    return status
