"""The real Claude Code with the installed hooks and a peer of ours in place of the daemon.

Needs the CLI (`CLAUDE_BIN`); what the whole product does in it is proven in `tests/end_to_end`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from rbtest.claude_cli import ClaudeBox, Run, find_claude
from rbtest.fake_anthropic import Script, request_text
from rbtest.hook_home import HookHome
from rbtest.hook_peers import Answer, RawPeer, Request, Router, answer

from reasoningbank_hooks.hosts import HOSTS
from reasoningbank_hooks.hosts.fingerprint import fingerprint
from reasoningbank_hooks.installer import HookProgram, Place, Scope, apply, plan_install, target_path
from reasoningbank_hooks.installer.claude_hooks import hook_entries
from reasoningbank_schema.advice import Advice
from reasoningbank_schema.events import AgentEvent, FileEdited, PromptSubmitted, SubagentRequested, TurnEnded

CLAUDE = find_claude()
pytestmark = [
    pytest.mark.real_agent,
    pytest.mark.skipif(CLAUDE is None, reason="CLAUDE_BIN does not name the Claude Code binary"),
]


def edit(path: str, old: str, new: str, *, everywhere: bool = False) -> dict[str, object]:
    tool_input = {"file_path": path, "old_string": old, "new_string": new, "replace_all": everywhere}
    return {"tools": [{"name": "Edit", "input": tool_input}]}


def tool(name: str, **tool_input: object) -> dict[str, object]:
    return {"tools": [{"name": name, "input": tool_input}]}


TASK: Script = {
    "RBTASK": [
        tool("Write", file_path="@PROJ@/good.py", content="def f(x):\n    return x+1\n"),
        edit("@PROJ@/good.py", "x+1", "eval(x)"),
        tool("Bash", command="exit 3", description="fail"),
        tool(
            "Agent",
            description="Review",
            prompt="RBSUB look",
            subagent_type="general-purpose",
            run_in_background=False,
        ),
        {"text": "RBTASK finished"},
    ],
    "RBSUB": [{"text": "review: ok"}],
}
PROMPT = "RBTASK write good.py"


@pytest.fixture
def box() -> Iterator[ClaudeBox]:
    assert CLAUDE is not None
    with ClaudeBox(CLAUDE) as made:
        yield made


@pytest.fixture
def plugin(program: HookProgram, tmp_path: Path) -> Path:
    """The plugin as the installer writes it, for the program that all tests share."""
    place = Place(claude_dir=tmp_path / "claude", project_dir=tmp_path / "project")
    apply(plan_install(program, Scope.PLUGIN, place, version="1"), stamp="test")
    return target_path(Scope.PLUGIN, place, program.paths)


def settings(program: HookProgram) -> dict[str, object]:
    return {"hooks": hook_entries(program.executable, via="settings")}


class Talker:
    """Answers as the daemon would, with fixed advice, and keeps what every event became."""

    def __init__(self) -> None:
        self.events: list[tuple[str, bytes, AgentEvent]] = []
        self.on_disk: list[str] = []

    def __call__(self, request: Request) -> list[Answer]:
        host = HOSTS[request.event.host]
        event = host.decode(request.event.event, request.event.payload, request.header.sent_ns)
        mark = fingerprint(request.event.host, request.event.event, event.origin, request.event.payload)
        self.events.append((request.event.via, mark, event))
        if isinstance(event, FileEdited):
            self.on_disk.append(Path(event.path).read_text(encoding="utf-8"))
        advice = Advice()
        if isinstance(event, PromptSubmitted):
            advice = Advice(context="An earlier task like this needed a test.", user_message="for the user")
        elif isinstance(event, SubagentRequested):
            advice = Advice(subagent_model="haiku")
        elif isinstance(event, FileEdited):
            advice = Advice(context=f"Verdict on {event.tool}.")
        elif isinstance(event, TurnEnded):
            advice = Advice(context="This would make the agent go on.", user_message="Recorded.")
        return [answer(request, host.render(request.event.event, advice, event))]


@pytest.fixture
def home(program: HookProgram) -> Iterator[HookHome]:
    """The peer sits where the installation says: the host's environment has no RB_HOME."""
    made = HookHome(program)
    made.paths = program.paths
    shutil.rmtree(program.paths.runtime_dir, ignore_errors=True)
    program.paths.runtime_dir.mkdir(mode=0o700)
    yield made
    shutil.rmtree(program.paths.runtime_dir)
    shutil.rmtree(program.paths.state_dir, ignore_errors=True)
    made.remove()


def test_the_plugin_is_accepted(plugin: Path, tmp_path: Path) -> None:
    assert CLAUDE is not None
    # A home of its own: the CLI leaves files behind even here.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DISABLE_TELEMETRY": "1"}
    command = [str(CLAUDE), "plugin", "validate", str(plugin)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation passed" in done.stdout


@pytest.mark.alone
def test_advice_reaches_the_model_through_settings_and_the_subagent_changes_its_model(
    box: ClaudeBox, home: HookHome, program: HookProgram
) -> None:
    talker = Talker()
    with Router(home.socket, talker, owner=None):
        run = box.run(PROMPT, TASK, settings=settings(program))

    texts = [request_text(request) for request in run.api.message_requests()]
    assert run.failed_hooks() == []
    assert any("[ReasoningBank] An earlier task like this needed a test." in text for text in texts)
    assert any("[ReasoningBank] Verdict on Edit." in text for text in texts)
    assert not any("would make the agent go on" in text for text in texts)
    assert any(
        "haiku" in str(request["body"]["model"])
        for request in run.api.message_requests()
        if "RBSUB" in request_text(request)
    )
    assert {type(event).__name__ for _, _, event in talker.events} == {
        "SessionStarted",
        "PromptSubmitted",
        "FileEdited",
        "CommandRun",
        "SubagentRequested",
        "SubagentStarted",
        "SubagentStopped",
        "SubagentReturned",
        "TurnEnded",
        "SessionEnded",
    }


@pytest.mark.alone
def test_two_installations_report_every_event_twice_with_one_fingerprint(
    box: ClaudeBox, home: HookHome, program: HookProgram, plugin: Path
) -> None:
    talker = Talker()
    with Router(home.socket, talker, owner=None):
        box.run(PROMPT, TASK, settings=settings(program), plugin=plugin)

    by_settings = sorted(mark for via, mark, _ in talker.events if via == "settings")
    by_plugin = sorted(mark for via, mark, _ in talker.events if via == "plugin")
    assert by_settings == by_plugin
    assert len(by_settings) >= 10


@pytest.mark.alone
def test_what_an_edit_is_said_to_have_written_is_what_is_on_disk(
    box: ClaudeBox, home: HookHome, program: HookProgram
) -> None:
    path = "@PROJ@/a.py"
    script: Script = {
        "RBTASK": [
            tool("Write", file_path=path, content="a = 1\nb = 2\n\tc = 3\na = 1\n“d”\n"),
            edit(path, "b = 2", ""),
            edit(path, "a = 1", "a = '$&$1'", everywhere=True),
            edit(path, "\tc = 3\n", ""),
            edit(path, '"d"', '"e"'),
            tool("Write", file_path=path, content="whole new\n"),
            edit("@PROJ@/new.py", "", "print(1)\n"),
            {"text": "RBTASK finished"},
        ]
    }
    talker = Talker()
    with Router(home.socket, talker, owner=None):
        box.run(PROMPT, script, settings=settings(program))

    said = [event.after for _, _, event in talker.events if isinstance(event, FileEdited)]
    assert len(said) == 7
    # The tool restores typographic quotes, which its own account of the edit does not tell.
    assert said[4] is None
    assert [after for after in said if after is not None] == [
        text for number, text in enumerate(talker.on_disk) if number != 4
    ]


def absent(_: str) -> AbstractContextManager[object]:
    return nullcontext()


def silent(path: str) -> AbstractContextManager[object]:
    return RawPeer(path, lambda _: None, owner=None)


def garbage(path: str) -> AbstractContextManager[object]:
    def pour(connection: socket.socket) -> None:
        connection.sendall(os.urandom(4096))

    return RawPeer(path, pour, owner=None)


def model_requests(run: Run) -> int:
    return len(run.api.message_requests())


@pytest.mark.parametrize("peer", [absent, silent, garbage])
def test_no_prompt_is_blocked_and_no_request_is_added_while_the_daemon_is_away(
    box: ClaudeBox,
    home: HookHome,
    program: HookProgram,
    peer: Callable[[str], AbstractContextManager[object]],
) -> None:
    without = box.run(PROMPT, TASK)
    with peer(home.socket):
        run = box.run(PROMPT, TASK, settings=settings(program))

    assert run.result["result"] == "RBTASK finished"
    assert run.failed_hooks() == []
    assert model_requests(run) == model_requests(without)
    assert set(run.hooks_run()) >= {"UserPromptSubmit", "Stop", "SessionEnd:other"}
    kept = [path for path in program.paths.spool.iterdir() if path.suffix == ".event"]
    assert len(kept) == sum(len(statuses) for statuses in run.hooks_run().values())


def test_a_hook_program_that_is_gone_blocks_nothing(box: ClaudeBox, tmp_path: Path) -> None:
    entries = hook_entries(tmp_path / "gone" / "rb-hook", via="settings")

    run = box.run(PROMPT, TASK, settings=json.loads(json.dumps({"hooks": entries})))

    assert run.result["result"] == "RBTASK finished"
