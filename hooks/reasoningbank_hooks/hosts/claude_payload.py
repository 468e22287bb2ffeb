"""The fields of Claude Code's hook input that we read, in the types that it sends."""

from __future__ import annotations

import msgspec

from reasoningbank_hooks.hosts.payload import decode_json

NOTHING = msgspec.Raw()
"""What ``tool_input`` and ``tool_response`` are when the payload has none."""


class HookInput(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the input of any event; what an event does not have is None, what we do not read is skipped."""

    session_id: str | None = None
    hook_event_name: str | None = None
    cwd: str | None = None
    transcript_path: str | None = None
    prompt_id: str | None = None
    agent_id: str | None = None
    agent_type: str | None = None
    model: str | None = None
    source: str | None = None
    reason: str | None = None
    prompt: str | None = None
    to_model: str | None = None
    tool_name: str | None = None
    tool_use_id: str | None = None
    # Decoded once the tool is known.
    tool_input: msgspec.Raw = NOTHING
    tool_response: msgspec.Raw = NOTHING
    duration_ms: float | None = None
    error: str | None = None
    is_interrupt: bool | None = None
    stop_hook_active: bool | None = None
    last_assistant_message: str | None = None
    agent_transcript_path: str | None = None


class HunkOutput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold one hunk of a ``structuredPatch``."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: tuple[str, ...]


class FileOutput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold the response of Write and Edit; ``type`` and ``content`` are Write's."""

    file_path: str | None = None
    type: str | None = None
    content: str | None = None
    old_string: str | None = None
    new_string: str | None = None
    replace_all: bool = False
    original_file: str | None = None
    structured_patch: tuple[HunkOutput, ...] = ()
    user_modified: bool | None = None
    staged: bool = False


class NotebookOutput(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the response of NotebookEdit."""

    notebook_path: str | None = None
    original_file: str | None = None
    updated_file: str | None = None
    error: str | None = None


class BashOutput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold the response of Bash."""

    stdout: str = ""
    stderr: str = ""
    interrupted: bool = False
    background_task_id: str | None = None
    timed_out_after_ms: float | None = None
    return_code_interpretation: str | None = None


class TextBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one block of a subagent's answer."""

    text: str = ""


class AgentOutput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold the response of Agent: of a subagent that ended, or of one that runs on in the background."""

    agent_id: str | None = None
    agent_type: str | None = None
    status: str | None = None
    is_async: bool = False
    resolved_model: str | None = None
    total_duration_ms: float | None = None
    total_tokens: int | None = None
    content: tuple[TextBlock, ...] = ()


class FileInput(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the input of Write, Edit and NotebookEdit."""

    file_path: str | None = None
    notebook_path: str | None = None
    content: str | None = None


class BashInput(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the input of Bash."""

    command: str


class AgentInput(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what we read of the Agent tool's input."""

    prompt: str = ""
    description: str = ""
    subagent_type: str | None = None
    model: str | None = None
    run_in_background: bool | None = None


_decoder = msgspec.json.Decoder(HookInput)


def decode_input(payload: bytes) -> HookInput:
    """Decode what the hook got on stdin; raises `base.PayloadError`."""
    return decode_json(_decoder, payload)
