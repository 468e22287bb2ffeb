"""A judge that does not answer, as one that is starting on a busy machine, keeps nobody waiting past his deadline."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, stop_where_it_is, wait_until
from rbtest.wire import Wire

from reasoningbank_schema.envelope import Code, Stored
from reasoningbank_schema.messages import (
    Control,
    ControlAction,
    DaemonStatus,
    HookEvent,
    PostEdit,
    Request,
    Status,
    decode_reply,
)

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "agents" / "claude-code"
ONE_WORKER = "[daemon]\nworkers_other = 1\n"
EDIT = PostEdit(session="s", path="/nowhere/a.py", before="x = 1\n", after="x = 2\n")


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    with scratch_home() as home:
        (home / "config.toml").write_text(ONE_WORKER)
        with DaemonProcess(home) as process:
            yield process


def judge_of(daemon: DaemonProcess) -> int | None:
    """Return the process id of the judge that the daemon's log says is up."""
    lines = (daemon.paths.logs / "daemon.log").read_bytes().splitlines()
    told = [json.loads(line) for line in lines if b"engine_started" in line]
    return next((line["pid"] for line in told if line["engine"] == "judge"), None)


def stop_judge(daemon: DaemonProcess) -> None:
    daemon.await_judge()
    pid = judge_of(daemon)
    assert pid is not None
    stop_where_it_is(pid)


def edit_twice(wire: Wire, *, then: Request) -> tuple[list[tuple[str, Code]], set[str]]:
    """Have a patient edit and a hurried one judged by one worker, and ask something more.

    Returns whose advice became final in which order, with its code, and whose event was stored.
    """
    names = {wire.send(EDIT, deadline_ms=60_000): "patient", wire.send(EDIT, deadline_ms=100): "hurried"}
    wire.send(then)
    final: list[tuple[str, Code]] = []
    stored: set[str] = set()
    while len(final) < 2 or len(stored) < 2:
        answer = wire.receive(timeout_s=30)
        assert answer is not None
        header, _ = answer
        name = names.get(header.nonce)
        if name is None:
            continue
        if header.advice_final and name not in dict(final):
            final.append((name, header.code))
        if header.stored is Stored.STORED:
            stored.add(name)
    return final, stored


def test_edit_behind_one_that_waits_for_the_judge_is_answered_late_and_first(daemon: DaemonProcess) -> None:
    stop_judge(daemon)

    with Wire(daemon.paths.endpoint) as wire:
        final, stored = edit_twice(wire, then=Control(action=ControlAction.PING))
        status = wire.ask(Status())

    assert final == [("hurried", Code.LATE), ("patient", Code.OK)]
    assert stored == {"patient", "hurried"}
    assert status is not None
    reply = decode_reply(status.advice)
    assert isinstance(reply, DaemonStatus)
    assert reply.late == 1


def hook_event(name: str, **fields: object) -> HookEvent:
    """Return an event of Claude Code's hooks, made of a recorded one."""
    payload = {**json.loads((PAYLOADS / name).read_bytes()), "session_id": "s", **fields}
    payload["tool_use_id"] = os.urandom(8).hex()
    return HookEvent(host="claude-code", event="PostToolUse", payload=json.dumps(payload).encode())


def told(wire: Wire, event: HookEvent) -> bytes:
    answers = wire.ask(event, timeout_s=30)
    assert answers is not None
    return answers.advice


def test_verdict_that_nobody_waited_for_is_told_once_with_the_next_event_while_it_holds(
    daemon: DaemonProcess,
) -> None:
    daemon.await_judge()
    pid = judge_of(daemon)
    assert pid is not None
    command = hook_event("PostToolUse.Bash.json")
    said: list[bytes] = []

    with Wire(daemon.paths.endpoint) as wire:

        def edit_judged_late() -> bool:
            # A name of its own: on a machine too busy for a verdict within two seconds, the next edit has one.
            path = f"/nowhere/{len(said)}.py"
            edit = hook_event(
                "PostToolUse.Write.json",
                tool_input={"file_path": path, "content": "x = eval(input())\n"},
                tool_response={"filePath": path, "originalFile": "x = 1\n", "type": "update"},
            )
            stop_where_it_is(pid)
            late = wire.send(edit, deadline_ms=100)
            while (answer := wire.receive(timeout_s=30)) and not answer[0].advice_final:
                pass
            os.kill(pid, signal.SIGCONT)
            assert answer is not None
            assert (answer[0].nonce, answer[0].code) == (late, Code.LATE)
            # Answered in turn by the one worker: the verdict is there by then.
            judged = wire.ask(EDIT, timeout_s=30)
            assert judged is not None
            said.append(told(wire, command))
            return bool(said[-1])

        wait_until(edit_judged_late, what="a verdict that came late", timeout_s=120)
        again = told(wire, command)

    assert b"Of an earlier edit: This edit brought new issues into" in said[-1]
    assert b"S307" in said[-1] or b"input-in-code" in said[-1]
    assert again == b""


def test_daemon_that_is_stopping_answers_at_the_deadline_what_it_has_read(daemon: DaemonProcess) -> None:
    stop_judge(daemon)

    with Wire(daemon.paths.endpoint) as wire:
        final, stored = edit_twice(wire, then=Control(action=ControlAction.STOP))

    assert final == [("hurried", Code.LATE), ("patient", Code.OK)]
    assert stored == {"patient", "hurried"}
    assert daemon.process is not None
    assert daemon.process.wait(30) == 0
