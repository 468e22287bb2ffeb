"""GitHub Copilot CLI (1.0.102): the style of the configuration's keys decides the style of the payload."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from reasoningbank_hooks.hosts.base import PayloadError, framed
from reasoningbank_hooks.hosts.injected import without_injected
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

_CONTEXT_EVENTS = frozenset({"SessionStart", "UserPromptSubmit", "PostToolUse"})
"""PascalCase alone: that is the style that we install, and for which it is proven."""

_EXIT_CODE = re.compile(r"<shellId: [^>]* completed with exit code (-?\d{1,10})>\s*\Z")
_TOOL_KINDS = {
    "Write": "write",
    "create": "write",
    "Edit": "edit",
    "edit": "edit",
    "Bash": "shell",
    "bash": "shell",
}


class _Result(msgspec.Struct, frozen=True, kw_only=True):
    result_type: str = ""
    text_result_for_llm: str = ""


class _CamelResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    result_type: str = ""
    text_result_for_llm: str = ""


class _Input(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the input under PascalCase keys."""

    session_id: str | None = None
    cwd: str | None = None
    transcript_path: str | None = None
    source: str | None = None
    reason: str | None = None
    prompt: str | None = None
    stop_hook_active: bool | None = None
    tool_name: str | None = None
    tool_input: Any = None  # Any: the input of a tool that we may not know
    tool_result: _Result | None = None
    error: Any = None  # Any: text, or an object


class _CamelInput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold the input under camelCase keys, and of permission requests under either."""

    session_id: str | None = None
    cwd: str | None = None
    transcript_path: str | None = None
    source: str | None = None
    reason: str | None = None
    prompt: str | None = None
    stop_hook_active: bool | None = msgspec.field(default=None, name="stop_hook_active")
    tool_name: str | None = None
    tool_input: Any = msgspec.field(default=None, name="toolArgs")  # Any: as above
    tool_result: _CamelResult | None = None
    error: Any = None  # Any: as above


_pascal = msgspec.json.Decoder(_Input)
_camel = msgspec.json.Decoder(_CamelInput)


class Copilot:
    """Translate Copilot CLI's hooks; see `base.Host`."""

    name = "copilot"

    def decode(
        self, event: str, payload: bytes, at_ns: int, *, args: tuple[str, ...] = (), cwd: str = ""
    ) -> AgentEvent:
        """Return what happened; see `base.Host.decode`."""
        del args, cwd
        hook: _Input | _CamelInput = decode_json(_pascal, payload)
        if not hook.session_id:
            hook = decode_json(_camel, payload)
        if not hook.session_id:
            raise PayloadError("neither session_id nor sessionId: the event belongs nowhere")
        origin = Origin(
            host=self.name,
            session_id=hook.session_id,
            at_ns=at_ns,
            cwd=hook.cwd or "",
            transcript_path=hook.transcript_path,
        )
        return _decode_event(event[:1].upper() + event[1:], hook, origin)

    def render(self, event: str, advice: Advice, origin_event: AgentEvent) -> bytes:
        """Return the answer: only a field at the top level is honoured; see `base.Host.render`."""
        del origin_event
        if not advice.context or event not in _CONTEXT_EVENTS:
            return b""
        return msgspec.json.encode({"additionalContext": framed(advice.context)})


def _decode_event(event: str, hook: _Input | _CamelInput, origin: Origin) -> AgentEvent:
    match event:
        case "SessionStart":
            return SessionStarted(origin=origin, source=hook.source or "new")
        case "UserPromptSubmit" | "UserPromptSubmitted":
            if prompt := without_injected(hook.prompt or ""):
                return PromptSubmitted(origin=origin, prompt=prompt)
        case "PostToolUse" | "PostToolUseFailure":
            return _tool_used(hook, origin)
        case "Stop" | "AgentStop":
            return TurnEnded(origin=origin, continued=bool(hook.stop_hook_active))
        case "SessionEnd":
            return SessionEnded(origin=origin, reason=hook.reason or "other")
    return Noted(origin=origin, why=f"{event} tells nothing that another event does not")


def _tool_used(hook: _Input | _CamelInput, origin: Origin) -> AgentEvent:
    if not hook.tool_name:
        raise PayloadError("a tool event without a tool name")
    asked = hook.tool_input if isinstance(hook.tool_input, dict) else {}
    done = hook.tool_result or _Result()
    ok = hook.error is None and done.result_type in ("", "success")
    kind = _TOOL_KINDS.get(hook.tool_name)
    path, command, content = asked.get("path"), asked.get("command"), asked.get("file_text")
    if kind in ("write", "edit") and isinstance(path, str) and ok:
        return FileEdited(
            origin=origin,
            tool=hook.tool_name,
            path=path,
            after=content if isinstance(content, str) else None,
            created=kind == "write",  # the tool creates files; it does not overwrite
        )
    if kind == "shell" and isinstance(command, str):
        text = done.text_result_for_llm
        status = _EXIT_CODE.search(text)
        return CommandRun(
            origin=origin,
            command=command,
            exit_status=int(status[1]) if status else None,
            stdout=text[: status.start()] if status else text,
            stderr=str(hook.error or ""),
        )
    error = hook.error if hook.error is not None or ok else done.text_result_for_llm
    return ToolUsed(origin=origin, tool=hook.tool_name, ok=ok, error=str(error or ""))
