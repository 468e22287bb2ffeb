"""Which of Claude Code's hooks we take, and what an entry looks like in a settings file or plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HOST = "claude-code"

TIMEOUT_S = 5
"""Ours ends after 0.25 s; this only bounds a machine that hangs. Claude Code counts in seconds."""

SESSION_END_TIMEOUT_S = 1
"""All SessionEnd hooks together have 1.5 s."""

EVENTS: dict[str, str | None] = {
    "SessionStart": None,
    "UserPromptSubmit": None,
    "PreToolUse": "Agent|Task",
    "PostToolUse": "Write|Edit|NotebookEdit|Bash|Agent|Task",
    "PostToolUseFailure": "Bash",
    "SubagentStart": None,
    "SubagentStop": None,
    "PostModelSwitch": None,
    "Stop": None,
    "StopFailure": None,
    "SessionEnd": None,
}
"""Event to matcher; None is an event without tools. Every event costs a process, so nothing is taken that
another event tells as well (PostToolBatch, MessageDisplay). Task is what Agent was called until 2.1."""


def hook_entries(executable: Path, *, via: str) -> dict[str, list[dict[str, Any]]]:  # Any: JSON
    """Return our matcher groups by event.

    Entries are in exec form, with no shell in between, and name the program itself: ``python3 /gone/hook.py``
    would end with status 2 once the file is gone, and Claude Code would block every prompt. ``via`` tells the
    daemon which installation an event came through.
    """
    entries: dict[str, list[dict[str, Any]]] = {}
    for event, matcher in EVENTS.items():
        handler = {
            "type": "command",
            "command": str(executable),
            "args": [HOST, event, "--via", via],
            "timeout": SESSION_END_TIMEOUT_S if event == "SessionEnd" else TIMEOUT_S,
        }
        group: dict[str, Any] = {} if matcher is None else {"matcher": matcher}
        entries[event] = [{**group, "hooks": [handler]}]
    return entries
