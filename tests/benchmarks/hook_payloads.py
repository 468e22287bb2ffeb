"""What Claude Code tells its hooks after a tool was used: 1.3 kB on average, no two alike, from a seeded generator."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from generated_text import Author

MEAN_BYTES = 1_300
FOLDER = "/home/dev/project{:02d}"

TOOLS = {"Bash": 50, "Read": 20, "Grep": 10, "Edit": 20}
"""How often each tool is used, in percent: about as the recorded sessions of coding agents do."""


class Payloads:
    """Write the payloads of one session."""

    def __init__(self, seed: int, *, edits: bool = True) -> None:
        self._rng = random.Random(seed)
        self._author = Author(self._rng)
        self._key = f"{self._rng.getrandbits(128):032x}"
        self._folder = FOLDER.format(seed % 40)
        self._tools = {name: weight for name, weight in TOOLS.items() if edits or name != "Edit"}
        self._turn = f"{self._rng.getrandbits(128):032x}"

    def prompt(self, text: str) -> bytes:
        """Return a UserPromptSubmit that begins a turn."""
        return _encode({**self._common("UserPromptSubmit"), "prompt": text})

    def used(self) -> Iterator[bytes]:
        """Yield PostToolUse payloads without end."""
        names, weights = list(self._tools), list(self._tools.values())
        while True:
            tool = self._rng.choices(names, weights)[0]
            given, answered = getattr(self, f"_{tool.lower()}")()
            common = self._common("PostToolUse")
            call = f"toolu_{self._rng.getrandbits(96):024x}"
            took = self._rng.randrange(2, 9_000)
            yield _encode(
                {
                    **common,
                    "tool_name": tool,
                    "tool_input": given,
                    "tool_response": answered,
                    "tool_use_id": call,
                    "duration_ms": took,
                }
            )

    def _common(self, event: str) -> dict[str, Any]:
        return {
            "session_id": self._key,
            "transcript_path": f"/home/dev/.claude/projects/p/{self._key}.jsonl",
            "cwd": self._folder,
            "prompt_id": self._turn,
            "permission_mode": "acceptEdits",
            "hook_event_name": event,
        }

    def _path(self) -> str:
        return f"{self._folder}/src/{self._author.name()}/{self._author.name()}.py"

    def _lines(self, mean_chars: int) -> str:
        chars = self._rng.expovariate(1 / mean_chars)
        lines: list[str] = []
        while sum(map(len, lines)) < chars:
            lines.append(self._author.line())
        return "\n".join(lines)

    def _bash(self) -> tuple[Any, Any]:
        output = f"{self._author.test_run(self._folder, failed=0)}\n{self._lines(300)}"
        return (
            {"command": self._author.command(self._folder), "description": "run it"},
            {"stdout": output, "stderr": "", "interrupted": False, "isImage": False},
        )

    def _read(self) -> tuple[Any, Any]:
        path, text = self._path(), self._lines(900)
        count = text.count("\n") + 1
        file = {"filePath": path, "content": text, "numLines": count, "startLine": 1, "totalLines": count}
        return {"file_path": path}, {"type": "text", "file": file}

    def _grep(self) -> tuple[Any, Any]:
        found = self._author.output(self._rng.randrange(1, 20))
        return {"pattern": self._author.name(), "path": self._folder}, {
            "mode": "content",
            "numFiles": 3,
            "content": found,
        }

    def _edit(self) -> tuple[Any, Any]:
        path, context = self._path(), self._lines(200)
        old, new = self._author.line(), self._author.line()
        hunk = {"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": [f"-{old}", f"+{new}"]}
        return (
            {"file_path": path, "old_string": old, "new_string": new, "replace_all": False},
            {
                "filePath": path,
                "oldString": old,
                "newString": new,
                "originalFile": f"{old}\n{context}\n",
                "structuredPatch": [hunk],
                "userModified": False,
                "replaceAll": False,
            },
        )


def _encode(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload).encode()
