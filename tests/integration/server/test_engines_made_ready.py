"""Engines take half a second to start, more on a busy machine: they do so before the first edit is there."""

from __future__ import annotations

import json

import psutil
import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.wire import Wire

from reasoningbank_schema.messages import DaemonStatus, HookEvent, StartSession, Status, decode_reply


def _prompt() -> HookEvent:
    payload = {"session_id": "s", "cwd": "/tmp", "prompt": "Fix the parser", "prompt_id": "p"}
    return HookEvent(host="claude-code", event="UserPromptSubmit", payload=json.dumps(payload).encode())


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(StartSession(session="s", cwd="/tmp"), id="session-of-a-program-begins"),
        pytest.param(_prompt(), id="prompt-of-a-session-that-began-before-the-daemon"),
    ],
)
def test_engines_start_before_the_first_edit(message: StartSession | HookEvent) -> None:
    with scratch_home() as home, DaemonProcess(home) as daemon, Wire(daemon.paths.endpoint) as wire:
        assert daemon.process is not None
        process = psutil.Process(daemon.process.pid)
        before = process.children()

        wire.ask(message)

        assert before == []
        wait_until(lambda: bool(process.children()), what="the judge to be started")


def test_status_counts_engines_whichever_thread_started_them_and_theirs() -> None:
    with scratch_home() as home, DaemonProcess(home) as daemon, Wire(daemon.paths.endpoint) as wire:
        daemon.await_judge()

        answers = wire.ask(Status())

        assert answers is not None
        status = decode_reply(answers.advice)
        assert isinstance(status, DaemonStatus)
        assert status.children >= 3  # the judge, and beside it at least its linter and its parser
