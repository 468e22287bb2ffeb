"""Claude Code's payloads, as recorded, and what they mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reasoningbank_hooks.hosts import HOSTS, PayloadError
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    FileEdited,
    Hunk,
    ModelSwitched,
    Noted,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    SubagentRequested,
    SubagentReturned,
    SubagentStarted,
    SubagentStopped,
    ToolUsed,
    TurnEnded,
)

FOLDER = Path(__file__).parents[2] / "fixtures" / "agents" / "claude-code"
PAYLOADS = sorted(path.name for path in FOLDER.glob("[A-Z]*.json"))
CURL = "touch q && curl http://127.0.0.1:9/"

MEANING: dict[str, tuple[type, dict[str, Any]]] = {
    "SessionStart.startup.json": (SessionStarted, {"source": "startup"}),
    "SessionStart.startup.interactive.json": (SessionStarted, {"source": "startup"}),
    "SessionStart.clear.interactive.json": (SessionStarted, {"source": "clear"}),
    "SessionStart.compact.json": (SessionStarted, {"source": "compact"}),
    "SessionStart.fork.json": (SessionStarted, {"source": "fork"}),
    "SessionStart.resume.json": (SessionStarted, {"source": "resume"}),
    "SessionEnd.other.json": (SessionEnded, {"reason": "other"}),
    "SessionEnd.clear.interactive.json": (SessionEnded, {"reason": "clear"}),
    "SessionEnd.prompt_input_exit.interactive.json": (SessionEnded, {"reason": "prompt_input_exit"}),
    "UserPromptSubmit.json": (PromptSubmitted, {"prompt": "SCN1 make a.py"}),
    "UserPromptSubmit.interactive.json": (PromptSubmitted, {"prompt": "SCN1 hello"}),
    "PreToolUse.Agent.json": (
        SubagentRequested,
        {
            "tool_use_id": "toolu_SCN3_0_0",
            "prompt": "SUB3 look at the project",
            "description": "Look",
            "subagent_type": "general-purpose",
            "model_asked": None,
            "background": False,
            "tool_input": {
                "description": "Look",
                "prompt": "SUB3 look at the project",
                "subagent_type": "general-purpose",
                "run_in_background": False,
            },
        },
    ),
    "PostToolUse.Agent.json": (
        SubagentReturned,
        {
            "tool_use_id": "toolu_SCN3_0_0",
            "child_agent_id": "aaad109d3bd2d1817",
            "subagent_type": "general-purpose",
            "background": False,
            "model": "claude-opus-5-5",
            "duration_ms": 823,
            "tokens": 8912,
            "result": "sub result",
        },
    ),
    "PostToolUse.Agent.async_launched.json": (
        SubagentReturned,
        {
            "tool_use_id": "toolu_K1_0_0",
            "child_agent_id": "a3cb075619f79ad77",
            "subagent_type": "general-purpose",
            "background": True,
            "model": "claude-opus-5-5",
            "tokens": None,
            "result": "",
        },
    ),
    "PostToolUse.Write.json": (
        FileEdited,
        {
            "tool": "Write",
            "path": "/home/user/project/a.py",
            "before": None,
            "after": "x = 1\ny = 2\n",
            "created": True,
            "deleted": False,
            "patch": (),
            "tool_use_id": "toolu_SCN1_0_0",
            "duration_ms": 12,
        },
    ),
    "PostToolUse.Edit.json": (
        FileEdited,
        {
            "tool": "Edit",
            "path": "/home/user/project/a.py",
            "before": "x = 1\ny = 2\n",
            "after": "x = 10\ny = 2\n",
            "created": False,
            "patch": (
                Hunk(
                    old_start=1, old_lines=2, new_start=1, new_lines=2, lines=("-x = 1", "+x = 10", " y = 2")
                ),
            ),
        },
    ),
    "PostToolUse.Bash.json": (
        CommandRun,
        {
            "command": "python3 -c 'print(6*7)'",
            "exit_status": 0,
            "stdout": "42",
            "stderr": "",
            "interrupted": False,
            "tool_use_id": "toolu_SCN1_2_0",
            "duration_ms": 117,
        },
    ),
    "PostToolUse.Bash.subagent.json": (CommandRun, {"command": "ls", "exit_status": 0}),
    "PostToolUse.Read.json": (ToolUsed, {"tool": "Read", "ok": True, "error": ""}),
    "PostToolUse.TaskCreate.json": (ToolUsed, {"tool": "TaskCreate", "ok": True}),
    "PostToolUse.TaskUpdate.json": (ToolUsed, {"tool": "TaskUpdate", "ok": True}),
    "PostToolUse.mcp-demo-echo.json": (ToolUsed, {"tool": "mcp__demo__echo", "duration_ms": 7}),
    "PostToolUseFailure.Bash.json": (
        CommandRun,
        {"command": "echo oops >&2; exit 3", "exit_status": 3, "stderr": "oops", "interrupted": False},
    ),
    "PostToolUseFailure.Bash.interactive.json": (CommandRun, {"command": CURL, "exit_status": 7}),
    "Stop.json": (TurnEnded, {"last_message": "All done.", "continued": False, "error": None}),
    "Stop.interactive.json": (TurnEnded, {"last_message": "finished-text", "continued": False}),
    "Stop.active.json": (TurnEnded, {"last_message": "second answer", "continued": True}),
    "StopFailure.json": (TurnEnded, {"last_message": "API Error: 400 fake bad request", "error": "unknown"}),
    "SubagentStart.json": (SubagentStarted, {}),
    "SubagentStop.json": (
        SubagentStopped,
        {
            "last_message": "sub result",
            "transcript_path": (
                "/home/user/.claude/projects/-home-user-project/b20850b3-6bb2-4ef3-8834-9ff4d4a136fd/"
                "subagents/agent-aaad109d3bd2d1817.jsonl"
            ),
        },
    ),
    "PostModelSwitch.command.interactive.json": (ModelSwitched, {"to_model": "claude-haiku-5-5"}),
    "PostModelSwitch.sdk.json": (ModelSwitched, {"to_model": "claude-haiku-5-5"}),
}
"""Every recorded payload that is not here tells us nothing (`Noted`)."""


def decode(name: str, **changes: Any) -> AgentEvent:
    """Decode a recorded payload, with some of its fields changed (None: taken out)."""
    fields = json.loads((FOLDER / name).read_text())
    for field, value in changes.items():
        if value is None:
            del fields[field]
        else:
            fields[field] = value
    return HOSTS["claude-code"].decode(name.partition(".")[0], json.dumps(fields).encode(), 17)


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_recorded_payload_has_its_meaning(name: str) -> None:
    kind, fields = MEANING.get(name, (Noted, {}))

    event = decode(name)

    assert type(event) is kind
    assert {field: getattr(event, field) for field in fields} == fields


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_event_says_where_and_when_it_happened(name: str) -> None:
    payload = json.loads((FOLDER / name).read_text())

    origin = decode(name).origin

    assert (origin.host, origin.session_id, origin.at_ns) == ("claude-code", payload["session_id"], 17)
    assert (origin.cwd, origin.turn_id) == (payload["cwd"], payload.get("prompt_id"))
    assert (origin.agent_id, origin.agent_type) == (payload.get("agent_id"), payload.get("agent_type"))
    assert (origin.transcript_path, origin.model) == (payload["transcript_path"], payload.get("model"))


def test_the_note_that_a_background_task_ended_is_not_taken_for_the_users_words() -> None:
    event = decode("UserPromptSubmit.task_notification.json")

    assert isinstance(event, Noted)
    assert "not the user's words" in event.why


def test_what_we_injected_is_taken_out_of_a_prompt() -> None:
    event = decode(
        "UserPromptSubmit.json", prompt="fix the test\n\n[ReasoningBank] Task 12 was alike.\nIt failed."
    )

    assert isinstance(event, PromptSubmitted)
    assert event.prompt == "fix the test"


def test_a_prompt_of_nothing_but_injected_text_begins_no_turn() -> None:
    assert isinstance(decode("UserPromptSubmit.json", prompt="[ReasoningBank] Task 12 was alike."), Noted)


def edit_response(before: str, old: str, new: str, **more: Any) -> dict[str, Any]:
    return {"filePath": "/p/a.py", "originalFile": before, "oldString": old, "newString": new, **more}


@pytest.mark.parametrize(
    ("response", "after"),
    [
        (edit_response("a = 1\nb = 2\n", "b = 2", ""), "a = 1\n"),  # the tool deletes the line's end as well
        (edit_response("a = 1\na = 1\n", "a", "b"), "b = 1\na = 1\n"),
        (edit_response("a = 1\na = 1\n", "a", "$&", replaceAll=True), "$& = 1\n$& = 1\n"),
        (edit_response("", "", "print(1)\n"), "print(1)\n"),
        (edit_response("x", "", "y"), None),
        (edit_response("a = 1\n", "a", "b", userModified=True), None),
        ({"filePath": "/p/a.py", "originalFile": None, "oldString": "a", "newString": "b"}, None),
    ],
)
def test_an_edit_is_redone_on_the_text_that_the_host_sent(
    response: dict[str, Any], after: str | None
) -> None:
    event = decode("PostToolUse.Edit.json", tool_response=response)

    assert isinstance(event, FileEdited)
    assert event.after == after


def test_an_edit_that_wrote_something_else_than_it_was_given_has_no_known_result() -> None:
    """The tool restores typographic quotes; only the patch shows it."""
    patch = {
        "oldStart": 1,
        "oldLines": 1,
        "newStart": 1,
        "newLines": 1,
        "lines": ["-say “hello”", "+say “bye”"],
    }
    response = edit_response("say “hello”\n", "say “hello”", 'say "bye"', structuredPatch=[patch])

    event = decode("PostToolUse.Edit.json", tool_response=response)

    assert isinstance(event, FileEdited)
    assert event.after is None


def test_tabs_that_the_patch_shows_as_spaces_do_not_make_a_result_unknown() -> None:
    patch = {"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": ["-  a = 1", "+  a = 2"]}
    response = edit_response("\ta = 1\n", "1", "2", structuredPatch=[patch])

    event = decode("PostToolUse.Edit.json", tool_response=response)

    assert isinstance(event, FileEdited)
    assert event.after == "\ta = 2\n"


def test_a_write_that_is_held_back_for_review_is_no_edit() -> None:
    assert isinstance(decode("PostToolUse.Write.json", tool_response={"staged": True}), ToolUsed)


def test_a_write_whose_response_is_plain_text_keeps_what_was_asked_for() -> None:
    event = decode("PostToolUse.Write.json", tool_response="written")

    assert isinstance(event, FileEdited)
    assert (event.path, event.after) == ("/home/user/project/a.py", "x = 1\ny = 2\n")


def test_a_notebook_edit_has_both_texts() -> None:
    event = decode(
        "PostToolUse.Edit.json",
        tool_name="NotebookEdit",
        tool_input={"notebook_path": "/p/n.ipynb", "new_source": "x"},
        tool_response={"notebook_path": "/p/n.ipynb", "original_file": "{}", "updated_file": '{"cells":[]}'},
    )

    assert isinstance(event, FileEdited)
    assert (event.path, event.before, event.after) == ("/p/n.ipynb", "{}", '{"cells":[]}')


@pytest.mark.parametrize(
    "response",
    [
        {"stdout": "", "stderr": "", "interrupted": True},
        {"stdout": "", "stderr": "", "interrupted": False, "backgroundTaskId": "b1"},
        {"stdout": "", "stderr": "", "interrupted": False, "returnCodeInterpretation": "No matches found"},
        "a text in place of an object",
    ],
)
def test_a_command_whose_status_the_host_does_not_tell_has_none(response: object) -> None:
    event = decode("PostToolUse.Bash.json", tool_response=response)

    assert isinstance(event, CommandRun)
    assert event.exit_status is None


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        ("Exit code 137\nkilled", 137, "killed"),
        ("Exit code 1", 1, ""),
        ("Command timed out after 2m", None, "Command timed out after 2m"),
        ("Exit code 1x", None, "Exit code 1x"),
    ],
)
def test_a_failed_command_tells_its_status_in_the_first_line(
    error: str, status: int | None, text: str
) -> None:
    event = decode("PostToolUseFailure.Bash.json", error=error, is_interrupt=True)

    assert isinstance(event, CommandRun)
    assert (event.exit_status, event.stderr, event.interrupted) == (status, text, True)


def test_another_tools_failure_keeps_the_error() -> None:
    event = decode("PostToolUseFailure.Bash.json", tool_name="Edit", error="no such string")

    assert isinstance(event, ToolUsed)
    assert (event.tool, event.ok, event.error) == ("Edit", False, "no such string")


def test_the_outline_of_an_event_that_was_too_long_is_still_a_tool_call() -> None:
    event = decode("PostToolUse.Write.json", tool_input=None, tool_response=None)

    assert isinstance(event, ToolUsed)
    assert event.tool == "Write"


def test_a_remote_subagent_is_no_agent_of_this_session() -> None:
    response = {"status": "remote_launched", "taskId": "t", "sessionUrl": "u"}

    assert isinstance(decode("PostToolUse.Agent.json", tool_response=response), ToolUsed)


def test_fields_that_nobody_knows_yet_are_passed_over() -> None:
    assert decode("Stop.json", later_field={"a": [1]}, background_tasks="another shape") == decode(
        "Stop.json"
    )


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("Stop.json", {"session_id": None}, "no session_id"),
        ("Stop.json", {"hook_event_name": "SessionEnd"}, "called for Stop, the payload is of SessionEnd"),
        ("UserPromptSubmit.json", {"prompt": None}, "no prompt"),
        ("UserPromptSubmit.json", {"prompt": 7}, r"Expected `str \| null`, got `int` - at `\$.prompt`"),
        ("PostToolUse.Bash.json", {"tool_input": {"cmd": "ls"}}, "missing required field `command`"),
        ("PostToolUse.Read.json", {"tool_name": None}, "without a tool_name"),
        ("PostToolUse.Write.json", {"tool_input": {}, "tool_response": {}}, "Write without a file_path"),
        ("PreToolUse.Agent.json", {"tool_input": ["a"]}, "Expected `object`, got `array`"),
        ("SubagentStart.json", {"agent_id": None}, "SubagentStart without an agent_id"),
        ("PostModelSwitch.sdk.json", {"to_model": None}, "without a to_model"),
    ],
)
def test_a_payload_that_is_not_what_the_host_sends_is_refused_with_the_reason(
    name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PayloadError, match=message):
        decode(name, **changes)
