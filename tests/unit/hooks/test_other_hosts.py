"""Every host but Claude Code: recorded payloads and what they mean."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reasoningbank_hooks import rb_hook_fallback
from reasoningbank_hooks.hosts import HOSTS, PayloadError
from reasoningbank_schema.advice import SILENCE, Advice
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    Committed,
    FileEdited,
    FilesEdited,
    Hunk,
    Noted,
    Origin,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    SubagentRequested,
    SubagentStarted,
    SubagentStopped,
    ToolUsed,
    TurnEnded,
)

FOLDER = Path(__file__).parents[2] / "fixtures" / "agents"
PATH = "/home/user/project/a.py"
CHANGED = (Hunk(old_start=1, old_lines=1, new_start=1, new_lines=1, lines=("-x = 1", "+x = 2")),)
ADDED = (Hunk(old_start=0, old_lines=0, new_start=1, new_lines=1, lines=("+x = 1",)),)

MEANING: dict[str, tuple[type, dict[str, Any]]] = {
    "codex/SessionStart.json": (SessionStarted, {"source": "startup"}),
    "codex/UserPromptSubmit.json": (PromptSubmitted, {"prompt": "CXONE please"}),
    "codex/PostToolUse.Bash.json": (
        CommandRun,
        {"command": "echo hello-from-codex", "exit_status": None, "stdout": "hello-from-codex\n"},
    ),
    "codex/PostToolUse.apply_patch.json": (
        FileEdited,
        {"tool": "apply_patch", "path": PATH, "after": "x = 1\n", "before": None, "created": True},
    ),
    "codex/Stop.json": (TurnEnded, {"last_message": "codex done", "continued": False}),
    "codex/SessionEnd.json": (SessionEnded, {"reason": "other"}),
    "codex/notify.json": (TurnEnded, {"last_message": "codex done"}),
    "gemini/SessionStart.json": (SessionStarted, {"source": "startup"}),
    "gemini/BeforeAgent.json": (PromptSubmitted, {"prompt": "GMONE please"}),
    "gemini/AfterTool.write_file.json": (
        FileEdited,
        {"path": PATH, "before": None, "after": "x = 1\n", "created": True, "patch": ADDED},
    ),
    "gemini/AfterTool.replace.json": (
        FileEdited,
        {"path": PATH, "before": "x = 1\n", "after": "x = 2\n", "created": False, "patch": CHANGED},
    ),
    "gemini/AfterTool.run_shell_command.json": (
        CommandRun,
        {"command": "echo hi-gemini", "exit_status": 0, "stdout": "hi-gemini"},
    ),
    "gemini/AfterAgent.json": (TurnEnded, {"last_message": "gemini done"}),
    "gemini/SessionEnd.json": (SessionEnded, {"reason": "exit"}),
    "copilot/pascal.SessionStart.json": (SessionStarted, {"source": "new"}),
    "copilot/pascal.UserPromptSubmit.json": (PromptSubmitted, {"prompt": "CPONE please"}),
    "copilot/pascal.PostToolUse.Write.json": (
        FileEdited,
        {"path": PATH, "after": "x = 1\n", "created": True},
    ),
    "copilot/pascal.PostToolUse.Edit.json": (FileEdited, {"path": PATH, "after": None, "created": False}),
    "copilot/pascal.PostToolUse.Bash.json": (
        CommandRun,
        {"command": "echo hi-copilot", "exit_status": 0, "stdout": "hi-copilot\n"},
    ),
    "copilot/pascal.PostToolUseFailure.Read.json": (
        ToolUsed,
        {"tool": "Read", "ok": False, "error": "Path does not exist"},
    ),
    "copilot/pascal.Stop.json": (TurnEnded, {"error": None}),
    "copilot/pascal.SessionEnd.json": (SessionEnded, {"reason": "complete"}),
    "copilot/camel.sessionStart.json": (SessionStarted, {"source": "new"}),
    "copilot/camel.userPromptSubmitted.json": (PromptSubmitted, {"prompt": "CPONE please"}),
    "copilot/camel.postToolUse.create.json": (
        FileEdited,
        {"path": PATH, "after": "x = 1\n", "created": True},
    ),
    "copilot/camel.postToolUse.edit.json": (FileEdited, {"path": PATH, "after": None}),
    "copilot/camel.postToolUse.bash.json": (CommandRun, {"command": "echo hi-copilot", "exit_status": 0}),
    "copilot/camel.postToolUseFailure.view.json": (ToolUsed, {"tool": "view", "ok": False}),
    "copilot/camel.agentStop.json": (TurnEnded, {"error": None}),
    "copilot/camel.sessionEnd.json": (SessionEnded, {"reason": "complete"}),
    "opencode/event-session.created.json": (SessionStarted, {}),
    "opencode/chat.message.json": (PromptSubmitted, {"prompt": "OCONE please"}),
    "opencode/tool.execute.after.write.json": (
        FileEdited,
        {"path": PATH, "after": "x = 1\n", "created": True},
    ),
    "opencode/tool.execute.after.edit.json": (FileEdited, {"path": PATH, "after": None, "patch": CHANGED}),
    "opencode/tool.execute.after.bash.json": (
        CommandRun,
        {"command": "echo hi-oc", "exit_status": 0, "stdout": "hi-oc\n"},
    ),
    "opencode/event-session.idle.json": (TurnEnded, {"error": None}),
}
"""Every recorded payload that is not here tells us nothing (`Noted`)."""

PAYLOADS = sorted(
    str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*.json") if path.parent.name != "claude-code"
)
"""Claude Code's have tests of their own, `test_claude_code_decode`; git's are no JSON (`recorded_git_calls`)."""

SESSIONS = {
    "codex": "01a1fb5e-c067-7461-a098-5201819d31c4",
    "gemini": "5841ac2a-b755-43a5-81a0-92a5fe6061b2",
    "copilot/pascal": "f307c861-e603-4974-bbcb-a4f99f65f21a",
    "copilot/camel": "79c845bc-920f-4bd7-aee6-341460fe7372",
    "opencode": "ses_e049e0f8cffeGsP8V463KAWr9r",
}


def event_of(name: str) -> str:
    host, _, stem = name.removesuffix(".json").partition("/")
    if host == "opencode":
        return stem
    return stem.split(".")[1 if host == "copilot" else 0]


def decode(name: str, **changes: Any) -> AgentEvent:
    fields = json.loads((FOLDER / name).read_text()) | changes
    payload = json.dumps(fields).encode()
    event = event_of(name)
    if event == "notify":
        return HOSTS["codex"].decode(event, b"", 17, args=(payload.decode(),))
    return HOSTS[name.partition("/")[0]].decode(event, payload, 17)


def test_every_host_has_recorded_payloads_and_every_recording_its_host() -> None:
    recorded = {folder.name for folder in FOLDER.iterdir() if folder.is_dir() and any(folder.iterdir())}

    assert recorded == set(HOSTS)


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_recorded_payload_has_its_meaning(name: str) -> None:
    kind, fields = MEANING.get(name, (Noted, {}))

    event = decode(name)

    assert type(event) is kind
    assert {field: getattr(event, field) for field in fields} == fields


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_event_names_its_host_time_and_session(name: str) -> None:
    origin = decode(name).origin

    host = name.partition("/")[0]
    [session] = [value for prefix, value in SESSIONS.items() if name.startswith(prefix)]
    belongs_to_none = "belongs to no session" in getattr(decode(name), "why", "")
    assert (origin.host, origin.at_ns) == (host, 17)
    assert origin.session_id == ("" if belongs_to_none else session)


OUTLINED = [
    path
    for path in sorted(FOLDER.glob("*/[!_]*.json"))
    # A prompt of which nothing is left is no prompt; Codex passes notify's event as an argument, which is kept.
    if not path.name.startswith(("UserPromptSubmit", "notify")) or path.parent.name == "copilot"
]


@pytest.mark.parametrize("path", OUTLINED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_outline_of_an_event_that_was_too_long_still_belongs_to_its_session(path: Path) -> None:
    host, payload = HOSTS[path.parent.name], path.read_bytes()
    event = path.name.split(".")[0] if host.name == "claude-code" else event_of(f"{host.name}/{path.name}")
    whole = host.decode(event, payload, 17)

    outline = rb_hook_fallback.outline(payload)

    if whole.origin.session_id:
        told = host.decode(event, outline, 17)
        assert told.origin.session_id == whole.origin.session_id
        assert not isinstance(told, ToolUsed) or json.dumps(told.tool).encode() in payload
    else:
        assert outline == b""


@pytest.mark.parametrize("event", ["PostToolUse", "AfterTool", "tool.execute.after.edit", "post-commit"])
@pytest.mark.parametrize("host", HOSTS)
def test_nothing_blocks_unless_the_advice_says_so(host: str, event: str) -> None:
    origin_event = Noted(origin=Origin(host=host, session_id="s", at_ns=1), why="")

    advised = HOSTS[host].render(event, FULL, origin_event)
    gated = HOSTS[host].render(event, msgspec.structs.replace(FULL, blocks=True), origin_event)

    assert b"decision" not in advised
    assert (b'"decision":"block"' in gated) == ((host, event) == ("claude-code", "PostToolUse"))


def test_codex_tells_turn_and_model_on_every_turn_event() -> None:
    origin = decode("codex/UserPromptSubmit.json").origin

    assert (origin.turn_id, origin.model) == ("01a1fb5e-c0ad-7673-9098-74cdc7d4bfa1", "gpt-5.5")


PATCH = """*** Begin Patch
*** Update File: a.py
*** Move to: b.py
@@ def f():
 x = 1
-y = 2
+y = 3
*** Delete File: old.py
*** Add File: /abs/new.py
+one
+two
*** End Patch
"""


def test_a_codex_patch_of_several_files_is_one_event_of_several_edits() -> None:
    event = decode("codex/PostToolUse.apply_patch.json", tool_input={"command": PATCH})

    assert isinstance(event, FilesEdited)
    assert [(edit.path, edit.created, edit.deleted, edit.after) for edit in event.edits] == [
        ("/home/user/project/a.py", False, True, None),
        ("/home/user/project/b.py", False, False, None),
        ("/home/user/project/old.py", False, True, None),
        ("/abs/new.py", True, False, "one\ntwo\n"),
    ]
    assert event.edits[1].patch == (
        Hunk(old_start=0, old_lines=2, new_start=0, new_lines=2, lines=(" x = 1", "-y = 2", "+y = 3")),
    )


def test_a_codex_patch_that_was_not_applied_is_a_failed_tool_call() -> None:
    event = decode("codex/PostToolUse.apply_patch.json", tool_response="Exit code: 1\nOutput:\nno match\n")

    assert isinstance(event, ToolUsed)
    assert not event.ok


@pytest.mark.parametrize(
    ("event", "kind"),
    [("Interrupt", TurnEnded), ("SubagentStart", SubagentStarted), ("SubagentStop", SubagentStopped)],
)
def test_codex_events_that_were_not_recorded_follow_its_schemas(event: str, kind: type) -> None:
    payload = json.dumps({"session_id": "s", "agent_id": "a", "hook_event_name": event}).encode()

    assert type(HOSTS["codex"].decode(event, payload, 1)) is kind


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("Output: (empty)\nExit Code: 2\nProcess Group PGID: 5", 2),
        ("Output: x\nProcess Group PGID: 5", 0),
        ("Output: x\nError: spawn failed", None),
        ("Output: x\nSignal: 9", None),
        ("Command moved to background (PID: 5). Output hidden.", None),
        (None, None),
    ],
)
def test_geminis_text_for_the_model_tells_the_exit_status(told: str | None, status: int | None) -> None:
    event = decode("gemini/AfterTool.run_shell_command.json", tool_response={"llmContent": told})

    assert isinstance(event, CommandRun)
    assert event.exit_status == status


def test_a_gemini_tool_whose_result_has_another_shape_is_still_a_tool_call() -> None:
    event = decode(
        "gemini/AfterTool.write_file.json",
        tool_response={"llmContent": [{"text": "x"}], "returnDisplay": [[1]], "error": {"message": "denied"}},
    )

    assert isinstance(event, ToolUsed)
    assert (event.ok, event.error) == (False, "denied")


def test_a_copilot_command_that_failed_tells_its_status() -> None:
    result = {
        "result_type": "success",
        "text_result_for_llm": "boom\n<shellId: 3 completed with exit code 3>",
    }

    event = decode("copilot/pascal.PostToolUse.Bash.json", tool_result=result)

    assert isinstance(event, CommandRun)
    assert (event.exit_status, event.stdout) == (3, "boom\n")


def test_a_copilot_edit_that_was_denied_is_a_failed_tool_call() -> None:
    result = {"result_type": "denied", "text_result_for_llm": "The user said no"}

    event = decode("copilot/pascal.PostToolUse.Edit.json", tool_result=result)

    assert isinstance(event, ToolUsed)
    assert (event.ok, event.error) == (False, "The user said no")


def test_an_opencode_subagent_is_announced_before_it_starts() -> None:
    event = HOSTS["opencode"].decode(
        "tool.execute.before.task",
        json.dumps(
            {
                "input": {"tool": "task", "sessionID": "s", "callID": "c"},
                "output": {"args": {"prompt": "look", "description": "d", "subagent_type": "general"}},
            }
        ).encode(),
        1,
    )

    assert isinstance(event, SubagentRequested)
    assert (event.tool_use_id, event.prompt, event.subagent_type) == ("c", "look", "general")


def test_quotation_marks_of_the_user_stay_in_an_opencode_prompt() -> None:
    report = json.loads((FOLDER / "opencode/chat.message.json").read_text())
    report["output"]["parts"][0]["text"] = '"a" and "b"'

    event = HOSTS["opencode"].decode("chat.message", json.dumps(report).encode(), 1)

    assert isinstance(event, PromptSubmitted)
    assert event.prompt == '"a" and "b"'


def recorded_git_calls() -> list[tuple[str, tuple[str, ...], bytes]]:
    """The recorded calls of git's hooks: name, arguments, stdin."""
    text = (FOLDER / "git" / "hooks.txt").read_text()
    calls = re.findall(r"hook=(\S+) argv=(.*)\n(?:.*\n)*?stdin: (.*)\n", text)
    return [(hook, tuple(arguments.split()), stdin.encode()) for hook, arguments, stdin in calls]


def test_the_recorded_git_calls_change_nothing_but_for_the_amended_commit() -> None:
    events = [
        HOSTS["git"].decode(hook, stdin, 1, args=arguments, cwd="/home/user/project")
        for hook, arguments, stdin in recorded_git_calls()
    ]

    assert len(events) == 11
    [rewritten] = [event for event in events if not isinstance(event, Noted)]
    assert rewritten == Committed(
        origin=Origin(host="git", session_id="", at_ns=1, cwd="/home/user/project"),
        commit="f213407eb1eedfc01b03cea9206c242c9f2d56ca",
        replaced="71b54e10b56273d44e4f9abb9e6be2d224d29767",
    )


def test_a_commit_is_known_by_the_id_that_the_hook_line_passes() -> None:
    commit = "f213407eb1eedfc01b03cea9206c242c9f2d56ca"

    event = HOSTS["git"].decode("post-commit", b"", 1, args=(commit,), cwd="/p")

    assert isinstance(event, Committed)
    assert (event.commit, event.replaced) == (commit, None)


@pytest.mark.parametrize(
    ("host", "event", "payload", "arguments", "message"),
    [
        ("codex", "Stop", b"{}", (), "no session_id"),
        ("codex", "notify", b"", (), "there is none"),
        (
            "codex",
            "Stop",
            b'{"session_id":"s","hook_event_name":"SessionEnd"}',
            (),
            "payload is of SessionEnd",
        ),
        ("gemini", "AfterAgent", b"{}", (), "no session_id"),
        ("gemini", "AfterTool", b'{"session_id":"s"}', (), "without a tool_name"),
        ("copilot", "Stop", b"{}", (), "neither session_id nor sessionId"),
        ("copilot", "PostToolUse", b'{"session_id":"s"}', (), "without a tool name"),
        ("opencode", "tool.execute.after", b'{"input":{"sessionID":"s"}}', (), "without a tool"),
        ("git", "post-commit", b"", ("HEAD",), "'HEAD' is not a commit id"),
    ],
)
def test_what_no_host_sends_is_refused_with_the_reason(
    host: str, event: str, payload: bytes, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(PayloadError, match=message):
        HOSTS[host].decode(event, payload, 1, args=arguments, cwd="/p")


def test_a_git_hook_without_a_working_directory_is_refused() -> None:
    with pytest.raises(PayloadError, match="no working directory"):
        HOSTS["git"].decode("post-commit", b"", 1)


NESTED = b'{"hookSpecificOutput":{"hookEventName":"%s","additionalContext":"[ReasoningBank] It failed."}}'
FULL = Advice(context="It failed.", user_message="for the user", subagent_model="haiku")


@pytest.mark.parametrize(
    ("host", "event", "printed"),
    [
        ("codex", "UserPromptSubmit", NESTED % b"UserPromptSubmit"),
        ("codex", "PostToolUse", NESTED % b"PostToolUse"),
        ("codex", "SessionStart", NESTED % b"SessionStart"),
        ("codex", "Stop", b""),
        ("codex", "SessionEnd", b""),
        ("gemini", "BeforeAgent", NESTED % b"BeforeAgent"),
        ("gemini", "AfterTool", NESTED % b"AfterTool"),
        ("gemini", "AfterAgent", b""),
        ("copilot", "UserPromptSubmit", b'{"additionalContext":"[ReasoningBank] It failed."}'),
        ("copilot", "PostToolUse", b'{"additionalContext":"[ReasoningBank] It failed."}'),
        ("copilot", "userPromptSubmitted", b""),
        ("copilot", "Stop", b""),
        ("opencode", "chat.message", b"[ReasoningBank] It failed."),
        ("opencode", "tool.execute.after.edit", b"[ReasoningBank] It failed."),
        ("opencode", "event-session.idle", b""),
        ("git", "post-commit", b""),
    ],
)
def test_advice_takes_the_form_that_the_host_honours(host: str, event: str, printed: bytes) -> None:
    origin_event = Noted(origin=Origin(host=host, session_id="s", at_ns=1), why="")

    assert HOSTS[host].render(event, FULL, origin_event) == printed
    assert HOSTS[host].render(event, SILENCE, origin_event) == b""
