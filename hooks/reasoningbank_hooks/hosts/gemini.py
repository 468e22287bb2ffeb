"""Gemini CLI (0.61.0): its own event and tool names, Claude Code's form of answer."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from reasoningbank_hooks.hosts.base import PayloadError, framed
from reasoningbank_hooks.hosts.injected import without_injected
from reasoningbank_hooks.hosts.patches import parse_unified_diff
from reasoningbank_hooks.hosts.payload import decode_json
from reasoningbank_schema.advice import Advice
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    FileEdited,
    Noted,
    Origin,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    ToolUsed,
    TurnEnded,
)

_CONTEXT_EVENTS = frozenset({"SessionStart", "BeforeAgent", "AfterTool"})
_EXIT_CODE = re.compile(r"^Exit Code: (\d{1,10})$", re.MULTILINE)
_NOT_ENDED = re.compile(r"^(?:Error: |Signal: |Background PIDs: )", re.MULTILINE)
_OUTPUT = re.compile(r"(?:<untrusted_context>\n)?Output: ")


class _Input(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str | None = None
    hook_event_name: str | None = None
    cwd: str | None = None
    transcript_path: str | None = None
    source: str | None = None
    reason: str | None = None
    prompt: str | None = None
    prompt_response: str | None = None
    stop_hook_active: bool | None = None
    tool_name: str | None = None
    tool_input: Any = None  # Any: the input of a tool that we may not know
    tool_response: msgspec.Raw = msgspec.Raw(b"{}")


class _Change(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold ``returnDisplay`` of a tool that wrote a file."""

    file_path: str | None = None
    original_content: str | None = None
    new_content: str | None = None
    is_new_file: bool = False
    file_diff: str = ""


class _Response(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    llm_content: Any = None  # Any: text, or parts of several kinds
    return_display: Any = None  # Any: text, styled text, or `_Change`
    error: Any = None  # Any: its presence is what counts


_input = msgspec.json.Decoder(_Input)
_response = msgspec.json.Decoder(_Response)


class Gemini:
    """Translate Gemini CLI's hooks; see `base.Host`."""

    name = "gemini"

    def decode(
        self, event: str, payload: bytes, at_ns: int, *, args: tuple[str, ...] = (), cwd: str = ""
    ) -> AgentEvent:
        """Return what happened; see `base.Host.decode`."""
        del args, cwd
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
            transcript_path=hook.transcript_path,
        )
        return _decode_event(event, hook, origin)

    def render(self, event: str, advice: Advice, origin_event: AgentEvent) -> bytes:
        """Return the answer, JSON and nothing else; see `base.Host.render`."""
        del origin_event
        if not advice.context or event not in _CONTEXT_EVENTS:
            return b""
        output = {"hookEventName": event, "additionalContext": framed(advice.context)}
        return msgspec.json.encode({"hookSpecificOutput": output})


def _decode_event(event: str, hook: _Input, origin: Origin) -> AgentEvent:
    match event:
        case "SessionStart":
            return SessionStarted(origin=origin, source=hook.source or "startup")
        case "BeforeAgent":
            # The context given at SessionStart arrives inside the prompt.
            if prompt := without_injected(hook.prompt or ""):
                return PromptSubmitted(origin=origin, prompt=prompt)
        case "AfterTool":
            return _tool_used(hook, origin)
        case "AfterAgent":
            return TurnEnded(
                origin=origin,
                last_message=without_injected(hook.prompt_response or ""),
                continued=bool(hook.stop_hook_active),
            )
        case "SessionEnd":
            return SessionEnded(origin=origin, reason=hook.reason or "other")
    return Noted(origin=origin, why=f"{event} tells nothing that another event does not")


def _tool_used(hook: _Input, origin: Origin) -> AgentEvent:
    if not hook.tool_name:
        raise PayloadError("a tool event without a tool_name")
    asked = hook.tool_input if isinstance(hook.tool_input, dict) else {}
    done = decode_json(_response, hook.tool_response)
    change = _change(done.return_display)
    if hook.tool_name in ("write_file", "replace") and change is not None and change.file_path:
        return FileEdited(
            origin=origin,
            tool=hook.tool_name,
            path=change.file_path,
            before=None if change.is_new_file else change.original_content,
            after=change.new_content,
            created=change.is_new_file,
            patch=parse_unified_diff(change.file_diff),
        )
    command = asked.get("command")
    if hook.tool_name == "run_shell_command" and isinstance(command, str):
        told = done.llm_content if isinstance(done.llm_content, str) else ""
        shown = done.return_display if isinstance(done.return_display, str) else told
        return CommandRun(origin=origin, command=command, exit_status=_exit_status(told), stdout=shown)
    error = done.error.get("message", "") if isinstance(done.error, dict) else done.error
    return ToolUsed(origin=origin, tool=hook.tool_name, ok=done.error is None, error=str(error or ""))


def _change(display: Any) -> _Change | None:  # Any: as in `_Response`
    try:
        return msgspec.convert(display, _Change)
    except msgspec.ValidationError:
        return None


def _exit_status(told: str) -> int | None:
    """Read the status from the text for the model, which names only one that is not 0."""
    if status := _EXIT_CODE.search(told):
        return int(status[1])
    return 0 if _OUTPUT.match(told) and not _NOT_ENDED.search(told) else None
