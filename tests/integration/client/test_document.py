"""The code on the client's page does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from rbtest.daemon_process import DaemonProcess, scratch_home

import reasoningbank_client
from reasoningbank_client import ReasoningBank

PAGE = (Path(__file__).parents[3] / "docs" / "client.md").read_text(encoding="utf-8")


def test_code_on_the_page_runs_as_it_stands() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with scratch_home() as home, DaemonProcess(home) as daemon:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "RB_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )

        with ReasoningBank(daemon.paths, timeout_s=10) as bank:
            tasks = bank.status().tasks

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert tasks == 1


def test_page_names_every_error_and_every_call() -> None:
    errors = {name for name in reasoningbank_client.__all__ if name.endswith("Error")}
    calls = {name for name in vars(ReasoningBank) if not name.startswith("_")} - {"call", "close"}

    missing = {name for name in errors | calls if f"`{name}`" not in PAGE}

    assert missing == set()
