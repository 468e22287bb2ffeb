"""A session of Claude Code as it was recorded, told again as often as wanted under other names."""

from __future__ import annotations

import json
from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "fixtures" / "agents" / "claude-code"
SESSION = (
    "SessionStart.startup",
    "UserPromptSubmit",
    "PostToolUse.Write",
    "PostToolUse.Edit",
    "PostToolUse.Bash",
    "PostToolUseFailure.Bash",
    "Stop",
    "SessionEnd.other",
)
"""The recorded payloads, in their order."""


def recorded_session() -> list[tuple[str, bytes]]:
    """Return the session as it was, each event with its name."""
    return [(name.split(".")[0], (FIXTURES / f"{name}.json").read_bytes()) for name in SESSION]


def another_session(number: int) -> list[tuple[str, bytes]]:
    """Return it as if it had been another session, of one of seven projects, with a goal and a file of its own."""
    told = []
    for event, payload in recorded_session():
        text = payload.decode().replace("/home/user/project", f"/home/user/project{number % 7}")
        value = json.loads(
            text.replace("a.py", f"part{number}.py").replace("SCN1 make", f"Write part {number} in")
        )
        value |= {"session_id": f"session-{number}", "prompt_id": f"prompt-{number}"}
        if "tool_use_id" in value:
            value["tool_use_id"] += f"-{number}"
        told.append((event, json.dumps(value).encode()))
    return told
