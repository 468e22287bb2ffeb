"""The whole way: the real Claude Code, the installed hooks, the real daemon, and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
from rbtest.claude_cli import ClaudeBox, Run
from rbtest.daemon_process import DaemonProcess, wait_until
from rbtest.fake_anthropic import Script, request_text

FIRST: Script = {
    "E2EFIRST": [
        {
            "tools": [
                {
                    "name": "Write",
                    "input": {"file_path": "@PROJ@/good.py", "content": "def f(x):\n    return x+1\n"},
                }
            ]
        },
        {
            "tools": [
                {
                    "name": "Edit",
                    "input": {"file_path": "@PROJ@/good.py", "old_string": "x+1", "new_string": "eval(x)"},
                }
            ]
        },
        {
            "tools": [
                {
                    "name": "Bash",
                    "input": {"command": "echo boom >&2; exit 3", "description": "a failing test"},
                }
            ]
        },
        {
            "tools": [
                {"name": "Bash", "input": {"command": "python3 -c 'import good'", "description": "import it"}}
            ]
        },
        {
            "tools": [
                {
                    "name": "Agent",
                    "input": {
                        "description": "Review",
                        "prompt": "E2ESUB review good.py",
                        "subagent_type": "general-purpose",
                        "run_in_background": False,
                    },
                }
            ]
        },
        {"text": "good.py is written."},
    ],
    "E2ESUB": [
        {"tools": [{"name": "Bash", "input": {"command": "cat good.py", "description": "read"}}]},
        {"text": "review: ok"},
    ],
}
SECOND: Script = {"E2ESECOND": [{"text": "done"}]}
PROMPT = "write the parser function f in good.py and review it with an agent"
EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse:Agent",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "SessionEnd",
)


def _installed(daemon: DaemonProcess, home: Path, kind: str) -> dict[str, Path]:
    """Install the hooks as a user would; return what the CLI is then given."""
    config = home / "config"
    config.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "reasoningbank_daemon.cli.main", "hooks", "install", "claude-code"]
    command += ["--plugin"] if kind == "plugin" else ["--user"]
    done = subprocess.run(
        command,
        env={**os.environ, "RB_HOME": str(daemon.home), "HOME": str(home), "CLAUDE_CONFIG_DIR": str(config)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (
        {"plugin": daemon.paths.data_dir / "claude-plugin"}
        if kind == "plugin"
        else {"settings": config / "settings.json"}
    )


def _run(claude: Path, installed: dict[str, Path], prompt: str, script: Script) -> Run:
    settings = json.loads(installed["settings"].read_text()) if "settings" in installed else None
    with ClaudeBox(claude) as box:
        return box.run(prompt, script, settings=settings, plugin=installed.get("plugin"))


def _rows(daemon: DaemonProcess, sql: str) -> list[tuple[Any, ...]]:
    db = apsw.Connection(str(daemon.paths.bank), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(db.execute(sql))
    finally:
        db.close()


@pytest.mark.real_agent
@pytest.mark.parametrize("kind", ["settings", "plugin"])
def test_a_task_is_recorded_judged_priced_and_told_to_the_next(
    claude: Path, daemon: DaemonProcess, tmp_path: Path, kind: str
) -> None:
    installed = _installed(daemon, tmp_path, kind)

    with ClaudeBox(claude) as box:
        settings = json.loads(installed["settings"].read_text()) if "settings" in installed else None
        first = box.run(f"E2EFIRST {PROMPT}", FIRST, settings=settings, plugin=installed.get("plugin"))
        # The transcripts lie in the box: it stays until what they say is in the bank.
        wait_until(
            lambda: (
                sum(row[0] or 0 for row in _rows(daemon, "SELECT tokens_output FROM task"))
                == sum(bill.output_tokens for bill in first.api.billed)
            ),
            what="every billed token in the bank",
        )
    second = _run(claude, installed, f"E2ESECOND {PROMPT}", SECOND)

    for run in (first, second):
        assert run.exit_status == 0, run.stderr
        assert run.failed_hooks() == []
    ran = first.hooks_run()
    for event in EVENTS:
        statuses = [
            s for name, found in ran.items() if name == event or name.split(":")[0] == event for s in found
        ]
        assert statuses, f"{event} did not run: {sorted(ran)}"
        assert set(statuses) == {0}
    told_of_edit = [request for request in first.api.message_requests() if "S307" in request_text(request)]
    assert told_of_edit, "the verdict on eval(x) did not reach the model"
    assert "From an earlier task" in request_text(second.api.message_requests()[0])
    tasks = _rows(daemon, "SELECT kind, label, cost_usd, tokens_input, ended_ns FROM task ORDER BY id")
    assert [row[0] for row in tasks] == ["main", "general-purpose", "main"]
    assert all(row[4] is not None for row in tasks)
    billed = sum(bill.input_tokens for bill in first.api.billed)
    assert sum(int(str(row[3])) for row in tasks[:2]) == billed
    kinds = [row[0] for row in _rows(daemon, "SELECT kind FROM step WHERE task_id = 1 ORDER BY at_ns, id")]
    assert kinds.count(0) == 2
    assert kinds.count(1) == 2
    assert 3 in kinds
