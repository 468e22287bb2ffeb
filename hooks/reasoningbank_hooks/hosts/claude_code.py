"""Claude Code (2.1.329): JSON on stdin, one JSON object on stdout."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from reasoningbank_hooks.hosts import claude_tools
from reasoningbank_hooks.hosts.base import PayloadError, framed
from reasoningbank_hooks.hosts.claude_payload import NOTHING, HookInput, decode_input
from reasoningbank_hooks.hosts.injected import without_injected
from reasoningbank_schema.advice import Advice
from reasoningbank_schema.events import (
    AgentEvent,
    ModelSwitched,
    Noted,
    Origin,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    SubagentRequested,
    SubagentStarted,
    SubagentStopped,
    TurnEnded,
)

SUBAGENT_MODELS = frozenset({"sonnet", "opus", "haiku", "fable"})
"""What the Agent tool takes as ``model``; anything else fails the call."""

_CONTEXT_EVENTS = frozenset(
    {
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PostToolUse",
        "PostToolUseFailure",
        "SubagentStart",
        "PostModelSwitch",
    }
)
"""Where context reaches the model. Not Stop and SubagentStop: there it would make the agent go on."""

_HEARD_EVENTS = _CONTEXT_EVENTS | {"Stop", "SubagentStop"}
"""Where an answer is read at all; that of SessionEnd or StopFailure is thrown away."""

_NOTIFICATION = "<task-notification>"


class ClaudeCode:
    """Translate Claude Code's hooks; see `base.Host`."""

    name = "claude-code"

    def decode(
        self, event: str, payload: bytes, at_ns: int, *, args: tuple[str, ...] = (), cwd: str = ""
    ) -> AgentEvent:
        """Return what happened; see `base.Host.decode`."""
        del args, cwd  # everything is in the payload
        hook = decode_input(payload)
        name = hook.hook_event_name or event
        if name.lower() != event.lower():
            raise PayloadError(f"rb-hook was called for {event}, the payload is of {name}")
        if not hook.session_id:
            raise PayloadError("no session_id: the event belongs nowhere")
        origin = Origin(
            host=self.name,
            session_id=hook.session_id,
            at_ns=at_ns,
            cwd=hook.cwd or "",
            turn_id=hook.prompt_id,
            agent_id=hook.agent_id,
            agent_type=hook.agent_type,
            transcript_path=hook.transcript_path,
            model=hook.model,
        )
        decode = _DECODERS.get(name)
        if decode is None:
            return Noted(origin=origin, why=f"{name} tells nothing that another event does not")
        return decode(hook, origin)

    def render(self, event: str, advice: Advice, origin_event: AgentEvent) -> bytes:
        """Return the one JSON object that is printed; see `base.Host.render`."""
        if event not in _HEARD_EVENTS:
            return b""
        answer: dict[str, object] = {}
        specific: dict[str, object] = {"hookEventName": event}
        if advice.user_message:
            answer["systemMessage"] = advice.user_message
        if advice.context and advice.blocks and event == "PostToolUse":
            answer.update(decision="block", reason=framed(advice.context))
        elif advice.context and event in _CONTEXT_EVENTS:
            specific["additionalContext"] = framed(advice.context)
        if event == "PreToolUse" and isinstance(origin_event, SubagentRequested):
            specific.update(_model_set(origin_event, advice.subagent_model))
        if len(specific) > 1:
            answer["hookSpecificOutput"] = specific
        return msgspec.json.encode(answer) if answer else b""


def _prompt(hook: HookInput, origin: Origin) -> AgentEvent:
    if hook.prompt is None:
        raise PayloadError("no prompt in a UserPromptSubmit")
    if hook.prompt.startswith(_NOTIFICATION):
        return Noted(origin=origin, why="the host's note that a background task ended, not the user's words")
    prompt = without_injected(hook.prompt)
    if not prompt:
        return Noted(origin=origin, why="a prompt without words of the user")
    return PromptSubmitted(origin=origin, prompt=prompt)


def _tool_asked(hook: HookInput, origin: Origin) -> AgentEvent:
    # The outline of an event that was too long has no tool_input.
    if hook.tool_name in claude_tools.AGENT_TOOLS and hook.tool_input is not NOTHING:
        return claude_tools.subagent_requested(hook, origin)
    return Noted(origin=origin, why="a tool call is recorded when it has ended")


def _turn_ended(hook: HookInput, origin: Origin) -> TurnEnded:
    return TurnEnded(
        origin=origin,
        last_message=without_injected(hook.last_assistant_message or ""),
        continued=bool(hook.stop_hook_active),
    )


def _turn_died(hook: HookInput, origin: Origin) -> TurnEnded:
    return TurnEnded(
        origin=origin,
        last_message=without_injected(hook.last_assistant_message or ""),
        error=hook.error or "unknown",
    )


def _subagent_started(hook: HookInput, origin: Origin) -> SubagentStarted:
    if not hook.agent_id:
        raise PayloadError("a SubagentStart without an agent_id")
    return SubagentStarted(origin=origin)


def _subagent_stopped(hook: HookInput, origin: Origin) -> SubagentStopped:
    if not hook.agent_id:
        raise PayloadError("a SubagentStop without an agent_id")
    return SubagentStopped(
        origin=origin,
        last_message=without_injected(hook.last_assistant_message or ""),
        transcript_path=hook.agent_transcript_path,
    )


def _model_switched(hook: HookInput, origin: Origin) -> ModelSwitched:
    if not hook.to_model:
        raise PayloadError("a PostModelSwitch without a to_model")
    return ModelSwitched(origin=origin, to_model=hook.to_model)


def _model_set(request: SubagentRequested, model: str | None) -> dict[str, object]:
    """Return the output that starts a subagent on ``model``: the whole input, because it replaces the input."""
    asked = request.model_asked is not None or "model" in request.tool_input
    if model not in SUBAGENT_MODELS or asked or request.subagent_type == "fork":
        return {}  # a fork runs on its parent's model whatever is asked
    return {"updatedInput": {**request.tool_input, "model": model}}


_DECODERS: dict[str, Callable[[HookInput, Origin], AgentEvent]] = {
    "SessionStart": lambda hook, origin: SessionStarted(origin=origin, source=hook.source or "startup"),
    "UserPromptSubmit": _prompt,
    "PreToolUse": _tool_asked,
    "PostToolUse": claude_tools.tool_used,
    "PostToolUseFailure": claude_tools.tool_failed,
    "Stop": _turn_ended,
    "StopFailure": _turn_died,
    "SubagentStart": _subagent_started,
    "SubagentStop": _subagent_stopped,
    "PostModelSwitch": _model_switched,
    "SessionEnd": lambda hook, origin: SessionEnded(origin=origin, reason=hook.reason or "other"),
}
"""The events that we use; every other one is a `Noted`."""
