from __future__ import annotations

from collections.abc import Iterator

import pytest
from rbtest.command_line import CommandLine
from rbtest.daemon_process import scratch_home

from reasoningbank_daemon.cli.daemon_process import is_locked
from reasoningbank_schema.paths import resolve_paths


@pytest.fixture
def bench() -> Iterator[CommandLine]:
    """Give a scratch home; a daemon that was started in it is ended."""
    with scratch_home() as home:
        command_line = CommandLine(home)
        yield command_line
        if is_locked(resolve_paths({"RB_HOME": str(home)}, home=home).lock):
            command_line.run("down", "--force", "--timeout", "20")
