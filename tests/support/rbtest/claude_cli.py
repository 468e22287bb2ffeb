"""Run the real `claude` in a throw-away home, against the scripted model API."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rbtest.fake_anthropic import FakeAnthropic, Script


def find_claude() -> Path | None:
    """The CLI's binary, as `CLAUDE_BIN` names it; None where it is not installed."""
    named = os.environ.get("CLAUDE_BIN", "")
    return Path(named) if named and Path(named).is_file() else None


@dataclass
class Run:
    """What one run of the CLI did."""

    exit_status: int
    messages: list[dict[str, Any]]
    stderr: str
    debug_log: str
    api: FakeAnthropic

    @property
    def result(self) -> dict[str, Any]:
        return next(message for message in reversed(self.messages) if message.get("type") == "result")

    def hook_responses(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message.get("subtype") == "hook_response"]

    def failed_hooks(self) -> list[dict[str, Any]]:
        return [
            hook
            for hook in self.hook_responses()
            if hook.get("outcome") != "success" or hook.get("exit_code") not in (0, None)
        ]

    def hooks_run(self) -> dict[str, list[int]]:
        """Map each hook (``Event`` or ``Event:Tool``) to its exit statuses, as the CLI's own log tells."""
        found: dict[str, list[int]] = {}
        for name, status in re.findall(r"Hooks: (\S+) \[.*?\] finished with status (\d+)", self.debug_log):
            found.setdefault(name, []).append(int(status))
        for name, status in re.findall(
            r"\] (SessionEnd:\S+) \[.*?\] completed with status (\d+)", self.debug_log
        ):
            found.setdefault(name, []).append(int(status))
        # A plugin's hooks are told only by the stream.
        logged = set(found)
        for hook in self.hook_responses():
            if hook["hook_name"] not in logged:
                found.setdefault(hook["hook_name"], []).append(hook.get("exit_code") or 0)
        return found


class ClaudeBox:
    """One throw-away machine in a folder: a home, a git project, the real CLI."""

    def __init__(self, claude: Path) -> None:
        self._claude = claude
        self._root = tempfile.TemporaryDirectory(prefix="rb-e2e-")
        root = Path(self._root.name)
        self.root = root
        self.home = root / "home"
        self.project = self.home / "project"
        self.project.mkdir(parents=True)
        (self.home / ".claude").mkdir()
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.project)], check=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._root.cleanup()

    def run(
        self,
        prompt: str,
        script: Script,
        *,
        settings: dict[str, Any] | None = None,
        plugin: Path | None = None,
        timeout_s: float = 90,
    ) -> Run:
        """Run one prompt to its end; ``@PROJ@`` in the script stands for the project's folder."""
        concrete = json.loads(json.dumps(script).replace("@PROJ@", str(self.project)))
        debug = self.root / "debug.log"
        command = [str(self._claude), "-p", prompt, "--output-format", "stream-json", "--verbose"]
        command += ["--include-hook-events", "--debug-file", str(debug), "--permission-mode", "acceptEdits"]
        command += ["--allowedTools", "Bash Agent Read Write Edit"]
        if settings is not None:
            file = self.root / "settings.json"
            file.write_text(json.dumps(settings), encoding="utf-8")
            command += ["--settings", str(file)]
        if plugin is not None:
            command += ["--plugin-dir", str(plugin)]
        with FakeAnthropic(concrete) as api:
            process = subprocess.Popen(
                command,
                cwd=self.project,
                env=self._environment(api.port),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            try:
                out, err = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        messages = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        log = debug.read_text(encoding="utf-8", errors="replace") if debug.exists() else ""
        return Run(exit_status=process.returncode, messages=messages, stderr=err, debug_log=log, api=api)

    def _environment(self, port: int) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CLAUDE_CONFIG_DIR": str(self.home / ".claude"),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
            "ANTHROPIC_API_KEY": "dummy-not-a-key",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_BUG_COMMAND": "1",
        }
