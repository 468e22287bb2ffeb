"""Secrets of every known format go through the real daemon and the real spool: none may be found in any file.

Beside each secret stands a harmless word, which must be found: else the search itself would prove nothing.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.hook_home import HookHome, install_program
from rbtest.leaks import find
from rbtest.wire import Wire

from reasoningbank_client import ReasoningBank
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.messages import (
    EndSession,
    Feedback,
    HookEvent,
    PostCommand,
    PostEdit,
    PostTask,
    PreTask,
    Rating,
    Receipt,
    Remember,
    Request,
)
from reasoningbank_schema.paths import resolve_paths

FIXTURES = Path(__file__).parents[2] / "fixtures"
FORMATS = 221


def _corpus() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus", FIXTURES / "secrets" / "corpus.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["corpus"] = module
    spec.loader.exec_module(module)
    return module


SAMPLES: dict[int, Any] = dict(enumerate(_corpus().samples(20261121, per_format=1)))


def _needles(sample: Any) -> set[str]:
    return {form for needle in sample.needles for form in (needle, json.dumps(needle)[1:-1])}


def _word(number: int) -> str:
    """A word that nothing takes for a secret."""
    return f"harmless{number}word"


class Planted:
    """One secret of the corpus where an agent's work would show it, a harmless word beside it."""

    def __init__(self, number: int, sample: Any) -> None:
        self.session = f"session-{number}"
        self._texts: dict[str, str] = {
            kind: f"{_word(number)} {text}" for kind, text in sample.in_context_texts.items()
        }

    def __getattr__(self, kind: str) -> str:
        return self._texts[kind]

    def long(self) -> str:
        """The output among so much else that it is cut, in the middle of the secret perhaps."""
        filler = "all is well here\n" * (len(self.session) * 577 % 997)
        return f"{self.output}\n{filler}{self.output}\n{filler}{self.output}"


def hook_events(planted: Planted) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tell a session of Claude Code that works with the secret."""
    edit = {"filePath": "/p/a.py", "originalFile": planted.edit, "structuredPatch": []}
    tools: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("PostToolUse", "Write", {"file_path": "/p/a.py", "content": planted.edit}, {"type": "create"}),
        (
            "PostToolUse",
            "Edit",
            {"file_path": "/p/a.py", "old_string": planted.edit, "new_string": "x"},
            edit,
        ),
        (
            "PostToolUse",
            "Bash",
            {"command": planted.command},
            {"stdout": planted.long(), "stderr": planted.output},
        ),
        ("PreToolUse", "Agent", {"prompt": planted.prompt, "description": planted.output[:80]}, {}),
    ]
    yield "UserPromptSubmit", {"prompt": planted.prompt, "prompt_id": "p1"}
    for event, tool, tool_input, response in tools:
        yield (
            event,
            {"tool_name": tool, "tool_input": tool_input, "tool_response": response, "tool_use_id": tool},
        )
    yield (
        "PostToolUseFailure",
        {
            "tool_name": "Bash",
            "tool_input": {"command": planted.command},
            "error": f"Exit code 3\n{planted.output}",
            "tool_use_id": "failed",
        },
    )
    yield "Stop", {"prompt_id": "p1", "last_assistant_message": planted.output}
    yield "UserPromptSubmit", {"prompt": f"now write the manual\n{planted.prompt}", "prompt_id": "p2"}
    yield "SessionEnd", {"reason": "other"}


def _as_request(planted: Planted, event: str, payload: dict[str, Any]) -> HookEvent:
    whole = {"session_id": planted.session, "cwd": "/p", "hook_event_name": event, **payload}
    return HookEvent(host="claude-code", event=event, payload=json.dumps(whole).encode())


def requests(planted: Planted) -> Iterator[Request]:
    """Return every kind of message that carries a text."""
    for event, payload in hook_events(planted):
        yield _as_request(planted, event, payload)
    yield HookEvent(host="claude-code", event="PostToolUse", payload=planted.payload.encode()[:-1])
    yield HookEvent(host="nobody-knows-it", event="Stop", payload=planted.payload.encode())
    session = f"typed-{planted.session}"
    yield PreTask(session=session, prompt=planted.prompt)
    yield PostEdit(session=session, path="a.py", before=planted.edit, after=f"{planted.edit}x = 1\n")
    yield PostCommand(session=session, command=planted.command, exit_status=1, output=planted.long())
    yield PostTask(session=session, success=True, detail=planted.output)
    yield EndSession(session=session)
    yield Feedback(rating=Rating.HELPED, session=session, note=planted.output)
    yield Remember(text=planted.output, title=planted.output[:200], tags=(planted.output,))


def tell_all(wire: Wire, told: Iterator[Request]) -> None:
    """Send all without waiting in between, as a busy agent's hooks do; demand that each is stored or refused."""
    waiting = {wire.send(request, deadline_ms=30_000): request for request in told}
    while waiting:
        got = wire.receive(timeout_s=30)
        assert got is not None, f"{len(waiting)} requests were never settled"
        header, _ = got
        if header.stored is not Stored.PENDING:
            request = waiting.pop(header.nonce, None)
            assert header.stored in {Stored.STORED, Stored.REFUSED}, request


def assert_no_leak(folder: Path) -> None:
    """Demand that no secret is found, but each of the words beside them."""
    assert len(SAMPLES) == FORMATS
    formats = {needle: sample.format for sample in SAMPLES.values() for needle in _needles(sample)}
    found = find(folder, formats)
    assert {formats[needle]: places for needle, places in found.items()} == {}
    assert len(find(folder, map(_word, SAMPLES))) == FORMATS


@pytest.fixture
def hooks() -> Iterator[HookHome]:
    folder = Path(tempfile.mkdtemp(prefix="rb-program-", dir="/tmp"))
    folder.chmod(0o755)
    home = HookHome(install_program(folder))
    yield home
    home.remove()
    shutil.rmtree(folder)


def test_no_secret_passes_through_the_daemon() -> None:
    with scratch_home() as home:
        (home / "config").mkdir()
        resolve_paths({"RB_HOME": str(home)}, home=home).config_file.write_text(
            '[daemon]\nlog_level = "debug"\n', encoding="utf-8"
        )
        with DaemonProcess(home) as daemon, Wire(daemon.paths.endpoint) as wire:
            for number, sample in SAMPLES.items():
                tell_all(wire, requests(Planted(number, sample)))
            assert_no_leak(home)

        assert any('"level":"debug"' in file.read_text("utf-8") for file in daemon.paths.logs.iterdir())
        assert_no_leak(home)


def test_no_secret_passes_through_the_hook_into_the_spool(hooks: HookHome) -> None:
    for number, sample in SAMPLES.items():
        for request in requests(Planted(number, sample)):
            if isinstance(request, HookEvent) and request.event in {"UserPromptSubmit", "PostToolUse"}:
                assert hooks.run(request.event, request.payload).is_silent
                break
        assert hooks.run("PostToolUse", Planted(number, sample).payload.encode()).is_silent

    assert_no_leak(hooks.paths.spool)


def test_no_secret_passes_through_the_client_into_the_spool() -> None:
    with scratch_home() as home:
        paths = resolve_paths({"RB_HOME": str(home)}, home=home)
        with ReasoningBank(paths, spool=True) as bank:
            for number, sample in SAMPLES.items():
                for request in requests(Planted(number, sample)):
                    if not isinstance(request, HookEvent):
                        bank.call(request, Receipt)
        assert_no_leak(paths.spool)

        with DaemonProcess(home):
            wait_until(
                lambda: not list(paths.spool.glob("*.event")), what="the spool to be taken in", timeout_s=120
            )
        assert_no_leak(home)
