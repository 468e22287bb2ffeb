from __future__ import annotations

from collections.abc import Iterator

import pytest
from rbtest.command_line import CommandLine
from rbtest.daemon_process import scratch_home


@pytest.fixture
def bench() -> Iterator[CommandLine]:
    """Give a scratch home; a daemon that was started in it is ended."""
    with scratch_home() as home:
        command_line = CommandLine(home)
        yield command_line
        command_line.run("down", "--force", "--timeout", "20")
