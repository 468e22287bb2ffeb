from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.claude_cli import find_claude
from rbtest.daemon_process import DaemonProcess, scratch_home


@pytest.fixture(scope="session")
def claude() -> Path:
    found = find_claude()
    if found is None:
        pytest.skip("CLAUDE_BIN names no claude binary: npm install @anthropic-ai/claude-code@2.1.329")
    return found


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    with scratch_home() as home, DaemonProcess(home) as process:
        yield process


@pytest.fixture
def warm_daemon(daemon: DaemonProcess) -> DaemonProcess:
    """Return a daemon whose engines are up, as those of a daemon that runs for a while are.

    The scripted model edits within a second of the session's start, which is when engines are started.
    """
    daemon.await_judge()
    return daemon
