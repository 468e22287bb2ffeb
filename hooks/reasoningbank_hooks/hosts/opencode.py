"""OpenCode (1.18.33): a plugin inside the agent reports ``{"hook", "input", "output"}``.

OpenCode runs no hook programs. Its plugin passes each hook's arguments to ``rb-hook opencode <hook>`` and adds
what that prints to the prompt's parts (``chat.message``) or to the tool's output (``tool.execute.after``):
so the answer is the text itself, not JSON.
"""

from __future__ import annotations

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
    SubagentRequested,
    ToolUsed,
    TurnEnded,
)


class _Model(msgspec.Struct, frozen=True, kw_only=True):
    model_id: str | None = msgspec.field(default=None, name="modelID")


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None
    model: _Model | None = None


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    type: str = ""
    text: str = ""
    synthetic: bool = False


class _Info(msgspec.Struct, frozen=True, kw_only=True):
    directory: str | None = None


class _Properties(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str | None = msgspec.field(default=None, name="sessionID")
    info: _Info | None = None
    error: Any = None  # Any: its name is read if it has one


class _HookInput(msgspec.Struct, frozen=True, kw_only=True):
    session_id: str | None = msgspec.field(default=None, name="sessionID")
    tool: str | None = None
    call_id: str | None = msgspec.field(default=None, name="callID")
    args: Any = None  # Any: the input of a tool that we may not know
    properties: _Properties | None = None


class _HookOutput(msgspec.Struct, frozen=True, kw_only=True):
    message: _Message | None = None
    parts: tuple[_Part, ...] = ()
    args: Any = None  # Any: as above
    output: str = ""
    metadata: Any = None  # Any: every tool has its own


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the plugin reports; the fields below ``output`` are those of an outline (`rb_hook_fallback`)."""

    input: _HookInput = _HookInput()
    output: _HookOutput = _HookOutput()
    session_id: str | None = msgspec.field(default=None, name="sessionID")
    tool: str | None = None
    call_id: str | None = msgspec.field(default=None, name="callID")


_decoder = msgspec.json.Decoder(_Report)


class OpenCode:
    """Translate what OpenCode's plugin reports; see `base.Host`."""

    name = "opencode"

    def decode(
        self, event: str, payload: bytes, at_ns: int, *, args: tuple[str, ...] = (), cwd: str = ""
    ) -> AgentEvent:
        """Return what happened; see `base.Host.decode`."""
        del args
        report = _whole(decode_json(_decoder, payload))
        properties = report.input.properties or _Properties()
        session = report.input.session_id or properties.session_id
        message = report.output.message or _Message()
        info = properties.info or _Info()
        origin = Origin(
            host=self.name,
            session_id=session or "",
            at_ns=at_ns,
            cwd=info.directory or cwd,
            turn_id=message.id,
            model=message.model.model_id if message.model else None,
        )
        if not session:
            return Noted(origin=origin, why=f"{event} belongs to no session")
        return _decode_event(event.removeprefix("event-"), report, origin)

    def render(self, event: str, advice: Advice, origin_event: AgentEvent) -> bytes:
        """Return the text that the plugin adds; see `base.Host.render`."""
        del origin_event
        if advice.context and (event == "chat.message" or event.startswith("tool.execute.after")):
            return framed(advice.context).encode()
        return b""


def _whole(report: _Report) -> _Report:
    """Put what an outline has kept where the whole report has it."""
    if report.session_id is None:
        return report
    named = _HookInput(session_id=report.session_id, tool=report.tool, call_id=report.call_id)
    return msgspec.structs.replace(report, input=named)


def _decode_event(event: str, report: _Report, origin: Origin) -> AgentEvent:
    properties = report.input.properties or _Properties()
    found: AgentEvent | None = None
    if event == "chat.message":
        texts = [
            _unquoted(part.text) for part in report.output.parts if part.type == "text" and not part.synthetic
        ]
        prompt = without_injected("\n".join(texts))
        found = PromptSubmitted(origin=origin, prompt=prompt) if prompt else None
    elif event.startswith("tool.execute.before") and report.input.tool == "task":
        found = _subagent_requested(report, origin)
    elif event.startswith("tool.execute.after"):
        found = _tool_used(report, origin)
    elif event == "session.created":
        found = SessionStarted(origin=origin)
    elif event in ("session.idle", "session.error"):
        named = properties.error.get("name") if isinstance(properties.error, dict) else None
        error = str(named or "unknown") if event == "session.error" else None
        found = TurnEnded(origin=origin, error=error)
    elif event in ("session.deleted", "dispose"):
        found = SessionEnded(origin=origin, reason=event)
    return found or Noted(origin=origin, why=f"{event} tells nothing that another event does not")


def _unquoted(text: str) -> str:
    """Undo the JSON quoting that ``opencode run`` puts around its prompt."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    try:
        return msgspec.json.decode(text, type=str)
    except msgspec.DecodeError:
        return text  # the user's own quotation marks


def _subagent_requested(report: _Report, origin: Origin) -> SubagentRequested:
    asked = report.output.args if isinstance(report.output.args, dict) else {}
    return SubagentRequested(
        origin=origin,
        tool_use_id=report.input.call_id or "",
        prompt=without_injected(str(asked.get("prompt", ""))),
        description=str(asked.get("description", "")),
        subagent_type=str(asked.get("subagent_type", "")),
        tool_input=asked,
    )


def _tool_used(report: _Report, origin: Origin) -> AgentEvent:
    asked = report.input.args if isinstance(report.input.args, dict) else {}
    told = report.output.metadata if isinstance(report.output.metadata, dict) else {}
    if not report.input.tool:
        raise PayloadError("a tool event without a tool")
    path, content, command = asked.get("filePath"), asked.get("content"), asked.get("command")
    if report.input.tool in ("write", "edit") and isinstance(path, str):
        return FileEdited(
            origin=origin,
            tool=report.input.tool,
            path=path,
            after=content if isinstance(content, str) else None,
            created=report.input.tool == "write" and told.get("exists") is False,
            patch=parse_unified_diff(str(told.get("diff", ""))),
            tool_use_id=report.input.call_id,
        )
    if report.input.tool == "bash" and isinstance(command, str):
        status = told.get("exit")
        return CommandRun(
            origin=origin,
            command=command,
            exit_status=status if isinstance(status, int) else None,
            stdout=str(told.get("output", report.output.output)),
            tool_use_id=report.input.call_id,
        )
    return ToolUsed(origin=origin, tool=report.input.tool, tool_use_id=report.input.call_id)
