"""What happened in an agent, in our words: every host's payload is translated into one of these.

A host module (`reasoningbank_hooks.hosts`) makes them from a hook's payload; a typed message of a Python
program becomes one too. Everything behind that point knows no host.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Say where and when an event happened.

    ``at_ns`` is the sender's wall clock in nanoseconds since the epoch: order and durations use it.
    ``turn_id`` is the host's id of the user's prompt (Claude Code: ``prompt_id``), where it has one.
    ``agent_id`` is set inside a subagent.
    """

    host: str
    session_id: str
    at_ns: int
    cwd: str = ""
    turn_id: str | None = None
    agent_id: str | None = None
    agent_type: str | None = None
    transcript_path: str | None = None
    model: str | None = None


class SessionStarted(msgspec.Struct, frozen=True, kw_only=True, tag="session_started"):
    """Open or resume a session; ``source`` is the host's word (startup, resume, clear, compact, fork)."""

    origin: Origin
    source: str = "startup"


class PromptSubmitted(msgspec.Struct, frozen=True, kw_only=True, tag="prompt_submitted"):
    """Begin a turn with what the user asked, already stripped of text that the host or we put there."""

    origin: Origin
    prompt: str


class SubagentRequested(msgspec.Struct, frozen=True, kw_only=True, tag="subagent_requested"):
    """Announce that the agent is about to start a subagent; the moment at which its model can be set.

    ``tool_input`` is the host's own input, whole, because hosts demand it back when one field is changed.
    """

    origin: Origin
    tool_use_id: str
    prompt: str
    description: str = ""
    subagent_type: str = ""
    model_asked: str | None = None
    background: bool | None = None
    tool_input: dict[str, Any] = {}  # the host's JSON object, passed back untouched


class SubagentStarted(msgspec.Struct, frozen=True, kw_only=True, tag="subagent_started"):
    """Begin a subagent's child task (``origin.agent_id`` names it)."""

    origin: Origin


class SubagentReturned(msgspec.Struct, frozen=True, kw_only=True, tag="subagent_returned"):
    """Link a tool call to the subagent it started; ``background`` when it is still running."""

    origin: Origin
    tool_use_id: str
    child_agent_id: str
    subagent_type: str = ""
    background: bool = False
    model: str | None = None
    duration_ms: int | None = None
    tokens: int | None = None
    result: str = ""


class SubagentStopped(msgspec.Struct, frozen=True, kw_only=True, tag="subagent_stopped"):
    """End a subagent's child task."""

    origin: Origin
    last_message: str = ""
    transcript_path: str | None = None


class Hunk(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one hunk of a unified diff; ``lines`` keep their first character (space, ``-`` or ``+``)."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: tuple[str, ...]


class FileEdited(msgspec.Struct, frozen=True, kw_only=True, tag="file_edited"):
    """Record a file's new content.

    ``before`` is None for a new file *or* when the host did not send it: ``created`` tells the two apart.
    ``after`` is None when the host did not send it (the reader may look on disk).
    ``patch`` is empty when the host did not send one.
    """

    origin: Origin
    tool: str
    path: str
    before: str | None = None
    after: str | None = None
    created: bool = False
    deleted: bool = False
    patch: tuple[Hunk, ...] = ()
    tool_use_id: str | None = None
    duration_ms: int | None = None


class FilesEdited(msgspec.Struct, frozen=True, kw_only=True, tag="files_edited"):
    """Record one tool call that changed several files (Codex ``apply_patch``)."""

    origin: Origin
    edits: tuple[FileEdited, ...]


class CommandRun(msgspec.Struct, frozen=True, kw_only=True, tag="command_run"):
    """Record a shell command; ``exit_status`` is None when the host does not tell it."""

    origin: Origin
    command: str
    exit_status: int | None = None
    stdout: str = ""
    stderr: str = ""
    interrupted: bool = False
    tool_use_id: str | None = None
    duration_ms: int | None = None


class ToolUsed(msgspec.Struct, frozen=True, kw_only=True, tag="tool_used"):
    """Record any other tool call; ``ok`` False carries the host's ``error`` text."""

    origin: Origin
    tool: str
    ok: bool = True
    error: str = ""
    interrupted: bool = False
    tool_use_id: str | None = None
    duration_ms: int | None = None


class TurnEnded(msgspec.Struct, frozen=True, kw_only=True, tag="turn_ended"):
    """End a turn (Claude Code: Stop). ``continued`` when a stop hook made the agent go on.

    ``success`` and the tokens are what a program states about its own task (`messages.PostTask`); hosts leave
    them None.
    """

    origin: Origin
    last_message: str = ""
    continued: bool = False
    error: str | None = None  # the turn died: rate_limit, overloaded, interrupt, …
    success: bool | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None


class SessionEnded(msgspec.Struct, frozen=True, kw_only=True, tag="session_ended"):
    """Close a session and its open task."""

    origin: Origin
    reason: str = "other"


class ModelSwitched(msgspec.Struct, frozen=True, kw_only=True, tag="model_switched"):
    """Note that the user changed the model of a running session."""

    origin: Origin
    to_model: str


class Committed(msgspec.Struct, frozen=True, kw_only=True, tag="committed"):
    """Note a git commit or rewrite reported by a git hook."""

    origin: Origin
    commit: str
    replaced: str | None = None


class Noted(msgspec.Struct, frozen=True, kw_only=True, tag="noted"):
    """Say that an event was understood and needs no record of its own (``why`` tells)."""

    origin: Origin
    why: str


AgentEvent = (
    SessionStarted
    | PromptSubmitted
    | SubagentRequested
    | SubagentStarted
    | SubagentReturned
    | SubagentStopped
    | FileEdited
    | FilesEdited
    | CommandRun
    | ToolUsed
    | TurnEnded
    | SessionEnded
    | ModelSwitched
    | Committed
    | Noted
)
