from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.hook_home import HookHome, install_program

from reasoningbank_hooks.installer import HookProgram

FIXTURES = Path(__file__).parents[2] / "fixtures" / "agents"


@pytest.fixture(scope="session")
def program() -> Iterator[HookProgram]:
    """One installation for all tests; RB_HOME leads each to its own folder."""
    folder = Path(tempfile.mkdtemp(prefix="rb-program-", dir="/tmp"))
    folder.chmod(0o755)
    yield install_program(folder)
    shutil.rmtree(folder)


@pytest.fixture
def home(program: HookProgram) -> Iterator[HookHome]:
    made = HookHome(program)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def payload() -> bytes:
    """A real PostToolUse:Edit."""
    return (FIXTURES / "claude-code" / "PostToolUse.Edit.json").read_bytes()
