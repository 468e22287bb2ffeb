"""A daemon whose user's home is read-only, as containers have it: the folders that it needs are given elsewhere, or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home
from rbtest.hook_home import give_away, ordinary_user
from rbtest.wire import Wire

from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.exit_codes import ExitCode
from reasoningbank_schema.messages import Remember
from reasoningbank_schema.paths import resolve_paths


@pytest.fixture
def home() -> Iterator[Path]:
    """Make a home that its user, who is not root, may not write in, with a folder beside it where that is allowed."""
    with scratch_home() as root:
        read_only = root / "home"
        read_only.mkdir()
        give_away(root)
        read_only.chmod(0o555)
        yield read_only
        read_only.chmod(0o755)


def _daemon(home: Path, environment: dict[str, str]) -> DaemonProcess:
    """Return a daemon that finds its folders as a user's does, not under one RB_HOME."""
    daemon = DaemonProcess(
        home.parent, environment={"RB_HOME": "", "HOME": str(home), **environment}, user=ordinary_user()
    )
    daemon.paths = resolve_paths(environment, home=home)
    return daemon


def test_with_its_folders_elsewhere_the_daemon_stores_and_answers(home: Path) -> None:
    volume = home.parent / "volume"
    environment = {f"XDG_{kind}": str(volume / kind.lower()) for kind in ("DATA_HOME", "STATE_HOME")}
    volume.mkdir()
    give_away(volume)

    with _daemon(home, environment) as daemon, Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Remember(text="the home is read-only"))

        assert answers is not None
        assert answers.stored is Stored.STORED
        assert daemon.terminate() == 0
    assert daemon.paths.bank.exists()
    assert list(home.iterdir()) == []


def test_without_a_folder_to_write_in_the_daemon_names_it_and_leaves(home: Path) -> None:
    daemon = _daemon(home, {name: "" for name in os.environ if name.startswith("XDG_")})

    daemon.start(wait=False)
    assert daemon.process is not None
    code = daemon.process.wait(30)

    assert code == ExitCode.CANNOT_CREATE
    assert f"can't create {home}/.local/share/reasoningbank: Permission denied" in daemon.output()
    assert "Traceback" not in daemon.output()
