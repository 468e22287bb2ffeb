"""The hooks as a user installs them, and what of a run of the real CLI came into the bank."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from rbtest.claude_cli import ClaudeBox, Run
from rbtest.daemon_process import DaemonProcess, wait_until
from rbtest.fake_anthropic import Script


@dataclass(frozen=True)
class InstalledHooks:
    """What the CLI is given: a settings file, a plugin, or both."""

    settings: dict[str, Any] | None = None
    plugin: Path | None = None

    def run(self, box: ClaudeBox, prompt: str, script: Script) -> Run:
        """Run one prompt with the hooks in force."""
        return box.run(prompt, script, settings=self.settings, plugin=self.plugin)


def install(daemon: DaemonProcess, home: Path, kind: str) -> InstalledHooks:
    """Install the hooks for a daemon's bank with the command that a user would type; ``kind``: settings or plugin."""
    config = home / "config"
    config.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "reasoningbank_daemon.cli.main", "hooks", "install", "claude-code"]
    done = subprocess.run(
        [*command, "--plugin" if kind == "plugin" else "--user"],
        env={**os.environ, "RB_HOME": str(daemon.home), "HOME": str(home), "CLAUDE_CONFIG_DIR": str(config)},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if kind == "plugin":
        return InstalledHooks(plugin=daemon.paths.data_dir / "claude-plugin")
    return InstalledHooks(settings=json.loads((config / "settings.json").read_text()))


def rows(daemon: DaemonProcess, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask the bank's file, as another program would."""
    db = apsw.Connection(str(daemon.paths.bank), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        db.set_busy_timeout(10_000)
        return list(db.execute(sql, values))
    finally:
        db.close()


def wait_for_usage(daemon: DaemonProcess, run: Run) -> None:
    """Wait until all tokens that the API billed in a run are in the bank; its transcripts must still be there."""
    billed = run.api.billed
    output = sum(bill.output_tokens for bill in billed)
    session = run.result["session_id"]
    query = (
        "SELECT sum(tokens_output) FROM task WHERE session_id = (SELECT id FROM agent_session WHERE key = ?)"
    )
    wait_until(
        lambda: rows(daemon, query, session) == [(output,)],
        what=f"the {output} billed output tokens in the bank",
    )
