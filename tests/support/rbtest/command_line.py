"""The command `reasoningbank` in a scratch home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class CommandLine:
    """Run commands against one RB_HOME; nothing of the user's own environment reaches them."""

    home: Path

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("RB_", "XDG_"))}
        environment |= {"RB_HOME": str(self.home), "HOME": str(self.home), **variables}
        return subprocess.run(
            [sys.executable, "-m", "reasoningbank_daemon.cli.main", *arguments],
            env=environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def json(self, *arguments: str) -> Any:
        """Run a command that reads and return what it says as JSON."""
        done = self.run(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)
