"""Codex CLI (0.169.0): Claude Code's names, its own tools, and schemas that forbid every other field."""

from __future__ import annotations

import posixpath
import re
from typing import Any

import msgspec

from reasoningbank_hooks.hosts.base import PayloadError, framed
from reasoningbank_hooks.hosts.injected import without_injected
from reasoningbank_hooks.hosts.patches import PatchedFile, parse_apply_patch
from reasoningbank_hooks.hosts.payload import decode_json
from reasoningbank_schema.advice import Advice
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    FileEdited,
    FilesEdited,
    Noted,
    Origin,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    SubagentStarted,
    SubagentStopped,
    ToolUsed,
    TurnEnded,
)

_CONTEXT_EVENTS = frozenset(
    {"SessionStart", "UserPromptSubmit", "SubagentStart", "PreToolUse", "PostToolUse"}
)
_EXIT_CODE = re.compile(r"Exit code: (-?\d{1,10})")


class _Input(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str | None = None
    turn_id: str | None = None
    hook_event_name: str | None = None
    cwd: str | None = None
    transcript_path: str | None = None
    model: str | None = None
    agent_id: str | None = None
    agent_type: str | None = None
    source: str | None = None
    reason: str | None = None
    prompt: str | None = None
    tool_name: str | None = None
    tool_use_id: str | None = None
    tool_input: Any = None  # Any: the input of a tool that we may not know
    tool_response: Any = None  # Any: text for the shell and apply_patch, anything for MCP tools
    stop_hook_active: bool | None = None
    last_assistant_message: str | None = None
    agent_transcript_path: str | None = None


class _Notify(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """Hold the last argument of the ``notify`` program, the only hook that needs no trust."""

    type: str
    thread_id: str
    turn_id: str | None = None
    cwd: str | None = None
    last_assistant_message: str | None = None


_input = msgspec.json.Decoder(_Input)
_notify = msgspec.json.Decoder(_Notify)


class Codex:
    """Translate Codex's hooks; see `base.Host`."""

    name = "codex"

    def decode(
        self, event: str, payload: bytes, at_ns: int, *, args: tuple[str, ...] = (), cwd: str = ""
    ) -> AgentEvent:
        """Return what happened; see `base.Host.decode`."""
        del cwd
        if event == "notify":
            return self._notified(args, at_ns)
        hook = decode_json(_input, payload)
        if not hook.session_id:
            raise PayloadError("no session_id: the event belongs nowhere")
        if (hook.hook_event_name or event) != event:
            raise PayloadError(f"rb-hook was called for {event}, the payload is of {hook.hook_event_name}")
        origin = Origin(
            host=self.name,
            session_id=hook.session_id,
            at_ns=at_ns,
            cwd=hook.cwd or "",
            turn_id=hook.turn_id,
            agent_id=hook.agent_id,
            agent_type=hook.agent_type,
            transcript_path=hook.transcript_path,
            model=hook.model,
        )
        return _tool_used(hook, origin) if event == "PostToolUse" else _decode_event(event, hook, origin)

    def render(self, event: str, advice: Advice, origin_event: AgentEvent) -> bytes:
        """Return the answer: one unknown field, and Codex drops all of it; see `base.Host.render`."""
        del origin_event
        if not advice.context or event not in _CONTEXT_EVENTS:
            return b""
        output = {"hookEventName": event, "additionalContext": framed(advice.context)}
        return msgspec.json.encode({"hookSpecificOutput": output})

    def _notified(self, args: tuple[str, ...], at_ns: int) -> AgentEvent:
        if not args:
            raise PayloadError("notify passes its event as the last argument; there is none")
        told = decode_json(_notify, args[-1].encode())
        origin = Origin(
            host=self.name, session_id=told.thread_id, at_ns=at_ns, cwd=told.cwd or "", turn_id=told.turn_id
        )
        if told.type != "agent-turn-complete":
            return Noted(origin=origin, why=f"a notification of type {told.type}")
        return TurnEnded(origin=origin, last_message=without_injected(told.last_assistant_message or ""))


def _decode_event(event: str, hook: _Input, origin: Origin) -> AgentEvent:
    last_message = without_injected(hook.last_assistant_message or "")
    found: AgentEvent | None = None
    match event:
        case "SessionStart":
            found = SessionStarted(origin=origin, source=hook.source or "startup")
        case "UserPromptSubmit":
            prompt = without_injected(hook.prompt or "")
            found = PromptSubmitted(origin=origin, prompt=prompt) if prompt else None
        case "Stop":
            found = TurnEnded(origin=origin, last_message=last_message, continued=bool(hook.stop_hook_active))
        case "Interrupt":
            found = TurnEnded(origin=origin, last_message=last_message, error="interrupt")
        case "SubagentStart" if hook.agent_id:
            found = SubagentStarted(origin=origin)
        case "SubagentStop" if hook.agent_id:
            found = SubagentStopped(
                origin=origin, last_message=last_message, transcript_path=hook.agent_transcript_path
            )
        case "SessionEnd":
            found = SessionEnded(origin=origin, reason=hook.reason or "other")
    return found or Noted(origin=origin, why=f"{event} tells nothing that another event does not")


def _tool_used(hook: _Input, origin: Origin) -> AgentEvent:
    command = hook.tool_input.get("command") if isinstance(hook.tool_input, dict) else None
    response = hook.tool_response if isinstance(hook.tool_response, str) else ""
    if hook.tool_name == "Bash" and isinstance(command, str):
        # The text is the raw output: Codex tells its model the exit status, not its hooks.
        return CommandRun(origin=origin, command=command, stdout=response, tool_use_id=hook.tool_use_id)
    if hook.tool_name == "apply_patch" and isinstance(command, str):
        return _patch_applied(hook, origin, command, response)
    if not hook.tool_name:
        raise PayloadError("a tool event without a tool_name")
    return ToolUsed(origin=origin, tool=hook.tool_name, tool_use_id=hook.tool_use_id)


def _patch_applied(hook: _Input, origin: Origin, command: str, response: str) -> AgentEvent:
    status = _EXIT_CODE.match(response)
    files = parse_apply_patch(command)
    if not files or (status is not None and int(status[1]) != 0):
        return ToolUsed(
            origin=origin, tool="apply_patch", ok=False, error=response, tool_use_id=hook.tool_use_id
        )
    edits = tuple(edit for file in files for edit in _edits(hook, origin, file))
    return edits[0] if len(edits) == 1 else FilesEdited(origin=origin, edits=edits)


def _edits(hook: _Input, origin: Origin, file: PatchedFile) -> list[FileEdited]:
    edit = FileEdited(
        origin=origin,
        tool="apply_patch",
        path=posixpath.join(origin.cwd, file.path),
        after=file.after,
        created=file.added,
        deleted=file.deleted,
        patch=file.hunks,
        tool_use_id=hook.tool_use_id,
    )
    if file.moved_to is None:
        return [edit]
    gone = msgspec.structs.replace(edit, deleted=True, patch=())
    return [gone, msgspec.structs.replace(edit, path=posixpath.join(origin.cwd, file.moved_to))]
