"""An engine process that misbehaves in every way we could think of."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from reasoningbank_daemon.quality.engine import (
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
)
from reasoningbank_daemon.quality.processes import rpc
from reasoningbank_daemon.quality.processes.engine_process import (
    Conversation,
    EngineProcess,
    ProcessSpec,
    ProcessState,
)
from reasoningbank_daemon.quality.processes.supervisor import Supervisor

ENDLESS_S = 60.0

SERVER = """
import json, os, signal, sys, time
inp, out = sys.stdin.buffer, sys.stdout.buffer
def frame(message):
    data = json.dumps(message).encode()
    out.write(b"Content-Length: %d\\r\\n\\r\\n" % len(data) + data)
    out.flush()
while line := inp.readline():
    length = int(line.split(b":")[1])
    inp.readline()
    message = json.loads(inp.read(length))
    method = message["method"]
    if method == "echo":
        frame({"id": message["id"], "result": message["params"]})
    elif method == "refuse":
        frame({"id": message["id"], "error": {"code": 1, "message": "not that one"}})
    elif method == "die":
        sys.stderr.write("the reason is on stderr")
        sys.exit(3)
    elif method == "garbage":
        out.write(b"this is no frame" * 1000)
        out.flush()
    elif method == "ask_back":
        frame({"id": "q1", "method": "what/time", "params": {}})
        inp.readline(), inp.readline()
        frame({"id": message["id"], "result": "asked"})
    elif method == "stop_reading":
        signal.pause()
    elif method == "compute":
        while time.process_time() < message["params"]:
            pass
        frame({"id": message["id"], "result": "computed"})
"""


def prepare(conversation: Conversation) -> None:
    conversation.ask(1, "echo", "ready")


def spec(
    server: str = SERVER, *, hang_timeout_s: float = ENDLESS_S, retire_bytes: int = 2**40
) -> ProcessSpec:
    return ProcessSpec(
        name="fake",
        command=(sys.executable, "-IS", "-c", server),
        prepare=prepare,
        hang_timeout_s=hang_timeout_s,
        retire_bytes=retire_bytes,
        start_timeout_s=ENDLESS_S,
    )


@contextmanager
def running(process_spec: ProcessSpec) -> Iterator[EngineProcess]:
    process = EngineProcess(process_spec, time.monotonic)
    try:
        yield process
    finally:
        process.stop()


def soon() -> float:
    return time.monotonic() + ENDLESS_S


def ask(process: EngineProcess, method: str, params: object = None, deadline: float | None = None) -> object:
    pending = process.begin(
        lambda identity: rpc.request(identity, method, params), soon() if deadline is None else deadline
    )
    return msgspec.json.decode(pending.result())


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_process_that_ends_before_it_is_told_anything_is_said_to_have_ended_while_starting() -> None:
    def prepare_too_late(conversation: Conversation) -> None:
        assert os.read(conversation._child.output.fileno(), 1) == b""  # its input is closed before its output
        prepare(conversation)

    ended = msgspec.structs.replace(spec(), command=("/bin/false",), prepare=prepare_too_late)

    with running(ended) as process, pytest.raises(EngineUnavailableError, match="ended while starting"):
        process.wait_ready(soon())


def test_process_that_was_stopped_is_not_said_to_have_ended_by_itself() -> None:
    with running(spec()) as stopped, running(spec()) as died:
        stopped.wait_ready(soon())
        died.wait_ready(soon())
        stopped.stop()
        with pytest.raises(EngineError):
            ask(died, "die")

    assert stopped.cause == "it was stopped"
    assert died.cause.startswith("it ended by itself")


def test_answers_find_their_questions_from_many_threads() -> None:
    wrong: list[object] = []

    def talk(process: EngineProcess, number: int) -> None:
        answers = [ask(process, "echo", [number, n]) for n in range(50)]
        wrong.extend(each for n, each in enumerate(answers) if each != [number, n])

    with running(spec()) as process:
        process.wait_ready(soon())
        threads = [threading.Thread(target=talk, args=(process, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wrong == []


def test_refusal_is_an_error_of_that_question_alone() -> None:
    with running(spec()) as process:
        process.wait_ready(soon())

        with pytest.raises(EngineError, match="not that one"):
            ask(process, "refuse")

        assert ask(process, "echo", 1) == 1


def test_question_from_the_child_is_refused_and_the_child_goes_on() -> None:
    with running(spec()) as process:
        process.wait_ready(soon())

        assert ask(process, "ask_back") == "asked"


def test_death_under_a_question_is_told_with_the_last_of_stderr() -> None:
    with running(spec()) as process:
        process.wait_ready(soon())

        with pytest.raises(EngineDiedError, match="the reason is on stderr"):
            ask(process, "die")


def test_process_that_is_said_to_have_died_is_known_to_be_dead() -> None:
    def ask_on() -> None:
        while True:  # until its end of the pipe is closed
            process.begin(lambda identity: rpc.request(identity, "echo", None), soon())

    with running(spec()) as process:
        process.wait_ready(soon())
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)

        with pytest.raises(EngineDiedError):
            ask_on()

        assert process.state is ProcessState.DEAD


def test_garbage_ends_the_process_and_not_the_caller() -> None:
    with running(spec()) as process:
        process.wait_ready(soon())

        with pytest.raises(EngineDiedError, match="frame"):
            ask(process, "garbage")


def test_question_without_an_answer_ends_at_its_deadline() -> None:
    with running(spec()) as process:
        process.wait_ready(soon())

        with pytest.raises(EngineTimeoutError):
            ask(process, "stop_reading", deadline=time.monotonic())


def test_process_that_hangs_is_killed_and_reaped() -> None:
    with running(spec(hang_timeout_s=0.1)) as process:
        process.wait_ready(soon())
        pid = process.pid

        with pytest.raises(EngineDiedError, match=r"no answer for 0\.1 s"):
            ask(process, "stop_reading")

    assert pid is not None
    assert is_gone(pid)


def test_process_that_computes_without_end_is_killed() -> None:
    with running(spec(hang_timeout_s=0.1)) as process:
        process.wait_ready(soon())

        with pytest.raises(EngineDiedError, match=r"no answer for 0\.1 s"):
            ask(process, "compute", ENDLESS_S)


@contextmanager
def a_busy_processor() -> Iterator[int]:
    """Keep one processor busy with more urgent work, and return which."""
    processor = min(os.sched_getaffinity(0))
    work = [
        sys.executable,
        "-IS",
        "-c",
        f"import os\nos.sched_setaffinity(0, [{processor}])\nwhile True: pass",
    ]
    urgent = [subprocess.Popen(work) for _ in range(4)]
    try:
        yield processor
    finally:
        for process in urgent:
            process.kill()
            process.wait()


@pytest.mark.alone
@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system can't pin a process to a processor"
)
def test_process_that_has_to_wait_for_the_processor_is_not_taken_for_one_that_hangs() -> None:
    own_s = 0.2  # of its own: beside four others, at niceness 10, some seconds

    with a_busy_processor() as processor, running(spec(hang_timeout_s=1.0)) as process:
        process.wait_ready(soon())
        assert process.pid is not None
        os.sched_setaffinity(process.pid, [processor])
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)
        begun = time.monotonic()
        answer = ask(process, "compute", own_s)
        took_s = time.monotonic() - begun

    assert answer == "computed"
    assert took_s > 1.0


def test_process_that_stops_taking_a_text_is_killed_at_the_deadline() -> None:
    with running(spec()) as process:
        process.wait_ready(soon())
        process.begin(lambda identity: rpc.request(identity, "stop_reading", None), soon())

        with pytest.raises(EngineTimeoutError, match="had not taken the text"):
            ask(process, "echo", "x" * 8_000_000, deadline=time.monotonic() + 0.2)

        wait_dead(process)
        with pytest.raises(EngineUnavailableError, match="stopped reading"):
            process.wait_ready(soon())


def test_program_that_does_not_exist_is_unavailable() -> None:
    with running(spec("raise SystemExit(5)")) as process, pytest.raises(EngineUnavailableError):
        process.wait_ready(soon())


def test_process_above_its_size_is_replaced_between_questions() -> None:
    with running(spec(retire_bytes=1)) as process:
        process.wait_ready(soon())

        while process.state is not ProcessState.DEAD:
            try:
                ask(process, "echo", 1)
            except EngineDiedError:
                break

        wait_dead(process)
        assert process.retired


def wait_dead(process: EngineProcess) -> None:
    process._thread.join(ENDLESS_S)
    assert process.state is ProcessState.DEAD


def test_stop_ends_a_child_that_ignores_the_end_of_its_input() -> None:
    stubborn = SERVER + "\nwhile True:\n    time.sleep(60)\n"
    process = EngineProcess(spec(stubborn), time.monotonic)
    process.wait_ready(soon())
    pid = process.pid

    process.stop()

    assert pid is not None
    assert is_gone(pid)


def test_supervisor_starts_the_engine_again_after_its_death() -> None:
    supervisor = Supervisor(spec, clock=time.monotonic)
    first = supervisor.ready_process(soon())
    assert first.pid is not None

    os.kill(first.pid, signal.SIGKILL)
    wait_dead(first)
    second = supervisor.ready_process(soon())

    try:
        assert second.pid != first.pid
        assert ask(second, "echo", 2) == 2
    finally:
        supervisor.close()


def test_supervisor_waits_after_repeated_deaths_and_says_so() -> None:
    now = [0.0]
    broken = spec("raise SystemExit(5)")
    supervisor = Supervisor(lambda: broken, clock=lambda: now[0])
    for _ in range(2):
        with pytest.raises(EngineUnavailableError, match="ended while starting"):
            supervisor.ready_process(ENDLESS_S)

    with pytest.raises(EngineUnavailableError, match=r"died 2 times in a row and is started again in 0\.5 s"):
        supervisor.ready_process(ENDLESS_S)
    now[0] = 0.6
    with pytest.raises(EngineUnavailableError, match="ended while starting"):
        supervisor.ready_process(ENDLESS_S)


def test_closed_supervisor_starts_nothing() -> None:
    supervisor = Supervisor(spec, clock=time.monotonic)
    supervisor.close()

    with pytest.raises(EngineUnavailableError, match="shut down"):
        supervisor.ready_process(soon())


def test_replacing_a_process_that_grew_costs_no_question() -> None:
    supervisor = Supervisor(lambda: spec(retire_bytes=1), clock=time.monotonic)
    wrong: list[object] = []
    pids = set()

    def talk() -> None:
        for number in range(250):
            pending = supervisor.begin(
                lambda identity, sent=number: rpc.request(identity, "echo", sent),  # type: ignore[misc]
                soon(),
            )
            pids.add(supervisor.pid)
            try:
                answer = msgspec.json.decode(pending.result())
            except EngineError as error:
                answer = str(error)
            if answer != number:
                wrong.append(answer)

    threads = [threading.Thread(target=talk) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    supervisor.close()

    assert wrong == []
    assert len(pids) > 1
