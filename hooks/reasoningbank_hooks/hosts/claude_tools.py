"""What Claude Code's tool events mean: edits, commands, subagents, and everything else."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from reasoningbank_hooks.hosts.base import PayloadError
from reasoningbank_hooks.hosts.claude_payload import (
    NOTHING,
    AgentInput,
    AgentOutput,
    BashInput,
    BashOutput,
    FileInput,
    FileOutput,
    HookInput,
    HunkOutput,
    NotebookOutput,
)
from reasoningbank_hooks.hosts.injected import without_injected
from reasoningbank_hooks.hosts.payload import decode_json
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    FileEdited,
    Hunk,
    Origin,
    SubagentRequested,
    SubagentReturned,
    ToolUsed,
)

AGENT_TOOLS = frozenset({"Agent", "Task"})  # Task until 2.1

_EXIT_CODE = re.compile(r"Exit code (-?\d{1,10})(?:\n|\Z)")
_TOOLS_USED = "<tools-used-before-summary>"

T = TypeVar("T")

_file_input = msgspec.json.Decoder(FileInput)
_file_output = msgspec.json.Decoder(FileOutput)
_notebook_output = msgspec.json.Decoder(NotebookOutput)
_bash_input = msgspec.json.Decoder(BashInput)
_bash_output = msgspec.json.Decoder(BashOutput)
_agent_input = msgspec.json.Decoder(AgentInput)
_agent_output = msgspec.json.Decoder(AgentOutput)
_any_object = msgspec.json.Decoder(dict[str, Any])  # Any: handed back to the host as it came


def subagent_requested(hook: HookInput, origin: Origin) -> SubagentRequested:
    """Translate ``PreToolUse`` of the Agent tool; raises `PayloadError`."""
    asked = decode_json(_agent_input, hook.tool_input)
    return SubagentRequested(
        origin=origin,
        tool_use_id=hook.tool_use_id or "",
        prompt=without_injected(asked.prompt),
        description=asked.description,
        subagent_type=asked.subagent_type or "",
        model_asked=asked.model,
        background=asked.run_in_background,
        tool_input=decode_json(_any_object, hook.tool_input),
    )


def tool_used(hook: HookInput, origin: Origin) -> AgentEvent:
    """Translate ``PostToolUse``; raises `PayloadError`."""
    if hook.tool_input is not NOTHING:  # the outline of an event that was too long has none
        match hook.tool_name:
            case "Write" | "Edit":
                return _file_edited(hook, origin)
            case "NotebookEdit":
                return _notebook_edited(hook, origin)
            case "Bash":
                return _command_run(hook, origin)
            case "Agent" | "Task":
                return _subagent_returned(hook, origin)
    return _other_tool(hook, origin)


def tool_failed(hook: HookInput, origin: Origin) -> AgentEvent:
    """Translate ``PostToolUseFailure``; raises `PayloadError`."""
    error = hook.error or ""
    if hook.tool_name != "Bash" or hook.tool_input is NOTHING:
        return _other_tool(hook, origin, ok=False)
    told = _EXIT_CODE.match(error)
    return CommandRun(
        origin=origin,
        command=decode_json(_bash_input, hook.tool_input).command,
        exit_status=int(told[1]) if told else None,
        stderr=error[told.end() :] if told else error,
        interrupted=bool(hook.is_interrupt),
        tool_use_id=hook.tool_use_id,
        duration_ms=_milliseconds(hook.duration_ms),
    )


def _file_edited(hook: HookInput, origin: Origin) -> AgentEvent:
    asked = decode_json(_file_input, hook.tool_input)
    done = _lenient(_file_output, hook.tool_response) or FileOutput()
    path = done.file_path or asked.file_path
    if not path:
        raise PayloadError(f"{hook.tool_name} without a file_path")
    if done.staged:
        return _other_tool(hook, origin)  # held back for review: the file is what it was
    written = hook.tool_name == "Write"
    return FileEdited(
        origin=origin,
        tool=hook.tool_name or "",
        path=path,
        before=done.original_file,
        after=(asked.content if done.content is None else done.content) if written else _after_edit(done),
        created=done.type == "create" or (not written and done.old_string == "" and not done.original_file),
        patch=tuple(
            Hunk(
                old_start=hunk.old_start,
                old_lines=hunk.old_lines,
                new_start=hunk.new_start,
                new_lines=hunk.new_lines,
                lines=hunk.lines,
            )
            for hunk in done.structured_patch
        ),
        tool_use_id=hook.tool_use_id,
        duration_ms=_milliseconds(hook.duration_ms),
    )


def _after_edit(done: FileOutput) -> str | None:
    """Redo an Edit on the text that the host sent; None where that is not certain to give what was written."""
    before, old, new = done.original_file, done.old_string, done.new_string
    if before is None or old is None or new is None or done.user_modified:
        return None
    if not old:
        return new if not before else None
    if not new and not old.endswith("\n") and old + "\n" in before:
        old += "\n"  # the tool deletes whole lines
    after = before.replace(old, new) if done.replace_all else before.replace(old, new, 1)
    return after if _agrees(after, done.structured_patch) else None


def _agrees(after: str, patch: tuple[HunkOutput, ...]) -> bool:
    """Say whether a text is what a patch leads to.

    The tool may write other text than it was given (it restores typographic quotes, for one), and only the
    patch shows that. White space is not compared: the patch is for display and has its tabs replaced.
    """
    lines = after.split("\n")
    for hunk in patch:
        new = ["".join(line[1:].split()) for line in hunk.lines if line.startswith((" ", "+"))]
        start = max(hunk.new_start - 1, 0)
        if new != ["".join(line.split()) for line in lines[start : start + len(new)]]:
            return False
    return True


def _notebook_edited(hook: HookInput, origin: Origin) -> AgentEvent:
    asked = decode_json(_file_input, hook.tool_input)
    done = _lenient(_notebook_output, hook.tool_response) or NotebookOutput()
    path = done.notebook_path or asked.notebook_path
    if not path:
        raise PayloadError("NotebookEdit without a notebook_path")
    if done.error:
        return ToolUsed(
            origin=origin, tool="NotebookEdit", ok=False, error=done.error, tool_use_id=hook.tool_use_id
        )
    return FileEdited(
        origin=origin,
        tool="NotebookEdit",
        path=path,
        before=done.original_file,
        after=done.updated_file,
        tool_use_id=hook.tool_use_id,
        duration_ms=_milliseconds(hook.duration_ms),
    )


def _command_run(hook: HookInput, origin: Origin) -> CommandRun:
    done = _lenient(_bash_output, hook.tool_response)
    # A command that failed comes as PostToolUseFailure, so this one ended with 0: unless it still runs, or the
    # host counts its status (grep's 1, say) as no failure and does not tell it.
    ended = done is not None and not (
        done.interrupted
        or done.background_task_id
        or done.timed_out_after_ms
        or done.return_code_interpretation
    )
    done = done or BashOutput()
    return CommandRun(
        origin=origin,
        command=decode_json(_bash_input, hook.tool_input).command,
        exit_status=0 if ended else None,
        stdout=done.stdout,
        stderr=done.stderr,
        interrupted=done.interrupted,
        tool_use_id=hook.tool_use_id,
        duration_ms=_milliseconds(hook.duration_ms),
    )


def _subagent_returned(hook: HookInput, origin: Origin) -> AgentEvent:
    done = _lenient(_agent_output, hook.tool_response)
    if done is None or not done.agent_id:
        return _other_tool(hook, origin)  # runs elsewhere: no agent of this session
    asked = _lenient(_agent_input, hook.tool_input) or AgentInput()
    texts = [block.text for block in done.content if not block.text.startswith(_TOOLS_USED)]
    duration_ms = hook.duration_ms if done.total_duration_ms is None else done.total_duration_ms
    return SubagentReturned(
        origin=origin,
        tool_use_id=hook.tool_use_id or "",
        child_agent_id=done.agent_id,
        subagent_type=done.agent_type or asked.subagent_type or "",
        background=done.is_async or done.status == "async_launched",
        model=done.resolved_model,
        duration_ms=_milliseconds(duration_ms),
        tokens=done.total_tokens,
        result=without_injected("\n".join(texts)),
    )


def _other_tool(hook: HookInput, origin: Origin, *, ok: bool = True) -> ToolUsed:
    if not hook.tool_name:
        raise PayloadError("a tool event without a tool_name")
    return ToolUsed(
        origin=origin,
        tool=hook.tool_name,
        ok=ok,
        error=hook.error or "",
        interrupted=bool(hook.is_interrupt),
        tool_use_id=hook.tool_use_id,
        duration_ms=_milliseconds(hook.duration_ms),
    )


def _lenient(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw) -> T | None:
    """Decode a part that may have another shape (a plain text, say); the event is worth keeping without it."""
    try:
        return decode_json(decoder, raw)
    except PayloadError:
        return None


def _milliseconds(value: float | None) -> int | None:
    return None if value is None else int(value)
