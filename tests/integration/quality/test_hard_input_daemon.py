"""Hard input through the real daemon: by a program's own request, and by the message of an agent's hook."""

from __future__ import annotations

import itertools
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.engines_under_fire import strike
from rbtest.hard_texts import HARD_TEXTS
from rbtest.wire import Answers, Wire

from reasoningbank_client import ReasoningBank
from reasoningbank_daemon.quality.judge_apart import NAME as JUDGE
from reasoningbank_daemon.quality.judging.advice import MOST_CHARACTERS
from reasoningbank_schema.envelope import Code, Stored
from reasoningbank_schema.messages import (
    EditJudged,
    Failure,
    HookEvent,
    PostEdit,
    StartSession,
    decode_reply,
)
from reasoningbank_schema.verdicts import EditVerdict, Label

MIB = 1024**2
GOOD = "def f(x):\n    return int(x)\n"
WORSE = "def f(x):\n    return eval(x)\n"
PAYLOAD = Path(__file__).parents[2] / "fixtures" / "agents" / "claude-code" / "PostToolUse.Edit.json"
PATIENCE_S = 60
NUMBERS = itertools.count()
FRAME = 200
"""Characters around the advice: the mark of the product."""


@pytest.fixture(scope="module")
def daemon() -> Iterator[DaemonProcess]:
    with scratch_home() as home, DaemonProcess(home) as process:
        process.await_judge()
        yield process


@pytest.fixture
def wire(daemon: DaemonProcess) -> Iterator[Wire]:
    with Wire(daemon.paths.endpoint) as made:
        yield made


def hook_event(number: object, path: str, before: str | None, after: str | None, cwd: str = "/") -> HookEvent:
    """Return what the hook sends after an edit; a text that is None is left out, as hosts do with large ones."""
    payload: dict[str, Any] = json.loads(PAYLOAD.read_text(encoding="utf-8"))
    payload |= {
        "tool_use_id": f"toolu_{number}",
        "cwd": cwd,
        "tool_name": "Edit" if after is None else "Write",
    }
    payload["tool_input"] = {"file_path": path} | ({} if after is None else {"content": after})
    payload["tool_response"] = {"filePath": path, "originalFile": before, "type": "update"}
    return HookEvent(host="claude-code", event="PostToolUse", payload=json.dumps(payload).encode())


def told(answers: Answers | None) -> str:
    """Return what the agent reads, or why the event was refused."""
    assert answers is not None, "no answer"
    if answers.stored is Stored.REFUSED:
        refusal = decode_reply(answers.bodies[0])
        assert isinstance(refusal, Failure)
        assert refusal.message
        return ""
    assert answers.stored is Stored.STORED
    return answers.advice.decode()


def judged(bank: ReasoningBank, path: str, after: str) -> EditVerdict:
    answer = bank.post_edit("s", path, before=GOOD, after=after).advice
    assert answer is not None
    return answer.verdict


def judge_was_late(verdict: EditVerdict) -> bool:
    return any(each.engine == JUDGE and "deadline" in each.reason for each in verdict.engines_missing)


AGENT_TEXTS = dict(list(HARD_TEXTS.items())[::3])
"""What goes the hook's way too; behind it is the judge that a program's edits come to."""


def held(daemon: DaemonProcess) -> tuple[int, int, int]:
    """Return the daemon's resident bytes, its open files and its children, zombies counted."""
    assert daemon.process is not None
    process = psutil.Process(daemon.process.pid)
    return process.memory_info().rss, process.num_fds(), len(process.children(recursive=True))


@pytest.mark.parametrize(("path", "text"), HARD_TEXTS.values(), ids=HARD_TEXTS)
def test_program_gets_a_verdict_with_a_reason_for_every_engine_that_is_missing(
    daemon: DaemonProcess, path: str, text: str
) -> None:
    sendable = text.encode("utf-8", "replace").decode("utf-8")
    with ReasoningBank(daemon.paths, timeout_s=PATIENCE_S) as bank:
        bank.start_session("s", cwd="/")
        verdict = judged(bank, f"/{path}", sendable)
        while judge_was_late(
            verdict
        ):  # a machine too busy for an answer within two seconds says so, and is asked again
            verdict = judged(bank, f"/{path}", sendable)
        next_one = judged(bank, "next.py", WORSE + f"# {path!r}\n")

    answered = {*verdict.engines_run, *(each.engine for each in verdict.engines_missing)}
    assert "text" in answered
    assert len(answered) >= 2
    assert all(each.reason for each in verdict.engines_missing)
    assert next_one.label is Label.WORSE


@pytest.mark.parametrize(("path", "text"), AGENT_TEXTS.values(), ids=AGENT_TEXTS)
def test_agent_gets_an_answer_and_the_next_edit_is_judged(
    daemon: DaemonProcess, wire: Wire, path: str, text: str
) -> None:
    event = hook_event(path, f"/{path}", "x = 1\n", text)
    answer = told(wire.ask(event, timeout_s=PATIENCE_S, deadline_ms=PATIENCE_S * 1000))
    fresh = f"/next{next(NUMBERS)}.py"
    following = hook_event(fresh, fresh, GOOD, WORSE)
    next_answer = told(wire.ask(following, timeout_s=PATIENCE_S, deadline_ms=PATIENCE_S * 1000))

    assert len(answer) <= MOST_CHARACTERS + FRAME
    assert f"{fresh[1:]}:2 S307" in next_answer
    assert "Traceback" not in daemon.output()


def test_text_that_the_host_left_out_is_read_where_there_is_a_file_and_else_there_is_silence(
    daemon: DaemonProcess, wire: Wire, tmp_path: Path
) -> None:
    (tmp_path / "binary.py").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "latin.py").write_bytes(b"x = eval(y)  # \xe4\r\n")
    (tmp_path / "large.py").write_bytes(b"#" * 12_000_000)
    (tmp_path / "folder.py").mkdir()
    os.mkfifo(tmp_path / "pipe.py")

    def answer(name: str) -> str:
        return told(
            wire.ask(hook_event(name, str(tmp_path / name), None, None, str(tmp_path)), deadline_ms=60_000)
        )

    silent = {name: answer(name) for name in ("gone.py", "folder.py", "pipe.py", "large.py")}
    latin, binary = answer("latin.py"), answer("binary.py")

    assert silent == dict.fromkeys(silent, "")
    assert "latin.py:1 S307" in latin
    assert "binary.py" in binary
    assert "Traceback" not in daemon.output()


def test_two_hundred_edits_at_once_are_each_judged_rightly_or_told_to_ask_again(wire: Wire) -> None:
    wire.ask(StartSession(session="many", cwd="/"))
    judged_rightly: dict[int, bool] = {}
    while len(judged_rightly) < 200:
        waiting = {ask(wire, number): number for number in range(200) if number not in judged_rightly}
        while waiting:
            got = wire.receive(timeout_s=PATIENCE_S)
            assert got is not None, f"{len(waiting)} edits were never answered"
            header, body = got
            reply = decode_reply(body) if body else None
            if isinstance(reply, EditJudged):
                number = waiting.pop(header.nonce)
                judged_rightly[number] = (reply.verdict.label is Label.WORSE) == bool(number % 2)
            elif isinstance(reply, Failure):
                assert (header.code, reply.message) == (Code.BUSY, "no worker is free; ask again")
                del waiting[header.nonce]

    assert all(judged_rightly.values())


def ask(wire: Wire, number: int) -> bytes:
    """Send one of many edits and return its nonce; the odd ones are worse."""
    after = f"{WORSE if number % 2 else GOOD}# {number}\n"
    request = PostEdit(session="many", path=f"/{number}.py", before=GOOD, after=after)
    return wire.send(request, deadline_ms=PATIENCE_S * 1000)


def test_hard_input_leaves_the_daemon_no_larger(daemon: DaemonProcess, wire: Wire) -> None:
    def work(rounds: range) -> tuple[int, int, int]:
        for number in rounds:
            for path, text in HARD_TEXTS.values():
                event = hook_event(f"{number} {path}", f"/{path}", "x = 1\n", f"{text}# {number}\n")
                told(wire.ask(event, timeout_s=PATIENCE_S, deadline_ms=PATIENCE_S * 1000))
        return held(daemon)

    warm = work(range(1))
    grown_bytes, descriptors, children = (
        after - before for after, before in zip(work(range(1, 3)), warm, strict=True)
    )

    assert grown_bytes < 48 * MIB
    assert (descriptors, children) == (0, 0)


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        ("ruff", signal.SIGKILL),
        ("tree_sitter_worker", signal.SIGKILL),
        ("tree_sitter_worker", signal.SIGSTOP),
    ],
    ids=["ruff killed", "parser killed", "parser stopped"],
)
def test_engine_struck_under_the_daemon_is_named_and_judges_again(
    daemon: DaemonProcess, engine: str, number: signal.Signals
) -> None:
    with ReasoningBank(daemon.paths, timeout_s=PATIENCE_S) as bank:
        bank.start_session("s", cwd="/")
        judged(bank, "warm.py", f"{GOOD}# {engine} {number}\n")
        [child] = engines(daemon, engine)
        strike(child.pid, number)

        struck = judged(bank, "struck.py", f"{WORSE}# {engine} {number}\n")
        rounds: list[EditVerdict] = []

        def judged_again() -> bool:
            rounds.append(judged(bank, "again.py", f"{WORSE}# {engine} {number} {len(rounds)}\n"))
            return not rounds[-1].engines_missing

        wait_until(judged_again, what="all engines", timeout_s=PATIENCE_S)

    assert all(each.reason for each in struck.engines_missing)
    assert "text" in struck.engines_run
    assert rounds[-1].label is Label.WORSE
    assert not child.is_running()


@pytest.mark.parametrize("ending", ["stopped", "killed"])
def test_daemon_that_ends_takes_its_engines_along(ending: str) -> None:
    with scratch_home() as home, DaemonProcess(home) as process:
        process.await_judge()
        with ReasoningBank(process.paths, timeout_s=PATIENCE_S) as bank:
            bank.start_session("s", cwd="/")
            judged(bank, "a.py", WORSE)
            judged(bank, "a.sh", "#!/bin/sh\nls\n")
        assert process.process is not None
        children = psutil.Process(process.process.pid).children(recursive=True)
        assert len(children) >= 2

        process.kill() if ending == "killed" else process.terminate()

        psutil.wait_procs(children, timeout=30)
        assert [child for child in children if child.is_running()] == []


def engines(daemon: DaemonProcess, name: str) -> list[psutil.Process]:
    assert daemon.process is not None
    children = psutil.Process(daemon.process.pid).children(recursive=True)
    return [child for child in children if any(name in part for part in child.cmdline()[:5])]
