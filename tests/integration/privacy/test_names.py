"""Secrets in what a host or a program uses as names: they are gone from every file, and the names still bring together."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.hook_home import HookHome, install_program, ordinary_user
from rbtest.leaks import find
from rbtest.wire import Wire

from reasoningbank_client import ReasoningBank
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.messages import (
    EndSession,
    HookEvent,
    PostCommand,
    PostTask,
    PreTask,
    Receipt,
    Request,
    StartSession,
)
from reasoningbank_schema.paths import resolve_paths
from reasoningbank_schema.spool import list_entries

SECRET = "ghp_" + "a1B2" * 9


def _named(name: str) -> str:
    return f"{name}-{SECRET}"


def _hook_events() -> Iterator[tuple[str, dict[str, Any]]]:
    """Tell a session in which the host has a secret in each of its names."""
    common = {
        "session_id": _named("session"),
        "cwd": f"/tmp/{_named('folder')}",
        "transcript_path": f"/tmp/{_named('transcript')}.jsonl",
        "prompt_id": _named("prompt"),
        "permission_mode": "default",
    }
    tool = {"tool_use_id": _named("call"), "tool_response": {}}
    agent = {"agent_id": _named("agent"), "agent_type": _named("type")}
    yield "SessionStart", {**common, "source": "startup", "model": _named("model")}
    yield "UserPromptSubmit", {**common, "prompt": "fix the parser"}
    yield (
        "PostToolUse",
        {**common, **tool, "tool_name": "Bash", "tool_input": {"command": "pytest -q"}},
    )
    yield "PostToolUse", {**common, **tool, "tool_name": _named("mcp__tool"), "tool_input": {}}
    yield "SubagentStart", {**common, **agent}
    yield "SubagentStop", {**common, **agent, "agent_transcript_path": f"/tmp/{_named('sub')}.jsonl"}
    yield "Stop", {**common, "last_assistant_message": "done"}
    yield "SessionEnd", {**common, "reason": _named("reason")}


def _typed() -> Iterator[Request]:
    session, agent = _named("typed"), _named("program")
    yield StartSession(session=session, agent=agent, cwd=f"/tmp/{_named('cwd')}", model=_named("model"))
    yield PreTask(session=session, agent=agent, prompt="fix the lexer", cwd=f"/tmp/{_named('cwd')}")
    yield PostCommand(session=session, agent=agent, command="pytest -q", exit_status=0)
    yield PostTask(session=session, agent=agent, success=True)
    yield EndSession(session=session, agent=agent)


def _bank(home: Path) -> apsw.Connection:
    bank = resolve_paths({"RB_HOME": str(home)}, home=home).bank
    return apsw.Connection(str(bank), flags=apsw.SQLITE_OPEN_READONLY)


def _sessions(home: Path) -> list[tuple[object, ...]]:
    """Return each session's key with how many main tasks and steps it has."""
    db = _bank(home)
    try:
        return db.execute(
            "SELECT s.key, (SELECT count(*) FROM task t WHERE t.session_id = s.id AND t.agent_id IS NULL), "
            "(SELECT count(*) FROM step p JOIN task t ON t.id = p.task_id WHERE t.session_id = s.id) "
            "FROM agent_session s ORDER BY s.key"
        ).fetchall()
    finally:
        db.close()


def test_no_name_brings_its_secret_into_the_bank_and_each_still_names_one_thing() -> None:
    with scratch_home() as home:
        with DaemonProcess(home) as daemon, Wire(daemon.paths.endpoint) as wire:
            hooked = [
                HookEvent(host="claude-code", event=event, payload=json.dumps(payload).encode())
                for event, payload in _hook_events()
            ]
            for request in (*hooked, *_typed()):
                answers = wire.ask(request, timeout_s=30)
                assert answers is not None
                assert answers.stored is Stored.STORED, request
            assert find(home, [SECRET]) == {}
        assert find(home, [SECRET]) == {}

        assert _sessions(home) == [
            ("session-[redacted:github-token]", 1, 2),
            ("typed-[redacted:github-token]", 1, 1),
        ]


def test_a_models_name_in_a_transcript_brings_no_secret_into_the_bank(tmp_path: Path) -> None:
    transcript = tmp_path / "transcript.jsonl"
    usage = {"input_tokens": 5, "output_tokens": 7}
    message = {"id": "message", "model": _named("model"), "usage": usage}
    line = {"type": "assistant", "timestamp": "2026-11-21T08:00:00Z", "message": message}
    transcript.write_text(json.dumps(line) + "\n", encoding="utf-8")
    common = {"session_id": "s", "cwd": "/tmp", "prompt_id": "p", "transcript_path": str(transcript)}
    events = (
        ("UserPromptSubmit", {**common, "prompt": "fix the parser"}),
        ("Stop", {**common, "last_assistant_message": "done"}),
    )

    with scratch_home() as home:
        with DaemonProcess(home) as daemon, Wire(daemon.paths.endpoint) as wire:
            for event, payload in events:
                request = HookEvent(host="claude-code", event=event, payload=json.dumps(payload).encode())
                assert wire.ask(request, timeout_s=30) is not None
            wait_until(lambda: _usage(home) is not None, what="the transcript to be read")
        found = _usage(home)

        assert find(home, [SECRET]) == {}
        assert found is not None
        model, reason = found
        assert model == "model-[redacted:github-token]"
        assert "model-[redacted:github-token]" in reason


def _usage(home: Path) -> tuple[str, str] | None:
    """Return the model of the first task whose tokens are known, and why their cost is not."""
    db = _bank(home)
    try:
        query = "SELECT model, cost_unknown FROM task WHERE tokens_output IS NOT NULL AND tokens_output > 0"
        found: tuple[str, str] | None = db.execute(query).fetchone()
        return found
    finally:
        db.close()


@pytest.fixture
def hooks() -> Iterator[HookHome]:
    folder = Path(tempfile.mkdtemp(prefix="rb-program-", dir="/tmp"))
    folder.chmod(0o755)
    home = HookHome(install_program(folder))
    yield home
    home.remove()
    shutil.rmtree(folder)


def test_events_that_were_spooled_join_the_session_of_those_that_were_not(hooks: HookHome) -> None:
    events = list(_hook_events())

    for event, payload in events[:3]:
        assert hooks.run(event, json.dumps(payload).encode()).is_silent
    assert len(hooks.spooled()) == 3
    assert find(hooks.paths.spool, [SECRET]) == {}
    with DaemonProcess(hooks.root, user=ordinary_user()) as daemon:
        wait_until(lambda: not hooks.spooled(), what="the spool to be taken in")
        for event, payload in events[3:]:
            assert hooks.run(event, json.dumps(payload).encode()).status == 0
        wait_until(lambda: not hooks.spooled(), what="the spool to be taken in")
        assert daemon.terminate() == 0

    assert find(hooks.root, [SECRET]) == {}
    assert _sessions(hooks.root) == [("session-[redacted:github-token]", 1, 2)]


def test_the_client_spools_names_without_secrets_and_they_still_name_one_session() -> None:
    with scratch_home() as home:
        paths = resolve_paths({"RB_HOME": str(home)}, home=home)
        with ReasoningBank(paths, spool=True) as bank:
            for request in _typed():
                bank.call(request, Receipt)
        assert len(list_entries(str(paths.spool))) == 5
        assert find(home, [SECRET]) == {}

        with DaemonProcess(home):
            wait_until(lambda: not list_entries(str(paths.spool)), what="the spool to be taken in")

        assert find(home, [SECRET]) == {}
        assert _sessions(home) == [("typed-[redacted:github-token]", 1, 1)]
