"""The command `reasoningbank` in a scratch home."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class CommandLine:
    """Run commands against one RB_HOME; nothing of the user's own environment reaches them."""

    home: Path

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "reasoningbank_daemon.cli.main", *arguments],
            env=self._environment() | variables,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @contextlib.contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command that goes on by itself; it is interrupted (Ctrl-C) at the end."""
        with subprocess.Popen(
            [sys.executable, "-m", "reasoningbank_daemon.cli.main", *arguments],
            env=self._environment(),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(30)

    def json(self, *arguments: str) -> Any:
        """Run a command that reads and return what it says as JSON."""
        done = self.run(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("RB_", "XDG_"))}
        return {**kept, "RB_HOME": str(self.home), "HOME": str(self.home)}
