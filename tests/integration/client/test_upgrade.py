"""What becomes of events while daemon, hook and client are not of one version: none is lost, none counts twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.hook_home import HookHome, HookRun, install_program, ordinary_user
from rbtest.hook_peers import Answer, Request, Router

import reasoningbank_schema
from reasoningbank_client import ReasoningBank, VersionMismatchError
from reasoningbank_hooks.installer import HookProgram
from reasoningbank_schema.envelope import AnswerHeader, Code, Stored
from reasoningbank_schema.exit_codes import ExitCode
from reasoningbank_schema.spool import list_entries

FIXTURES = Path(__file__).parents[2] / "fixtures" / "agents" / "claude-code"
PAYLOAD = (FIXTURES / "UserPromptSubmit.json").read_bytes()
ADVICE = b'{"systemMessage":"told"}'
KEPT = (Stored.PENDING, Stored.NOT_STORED)


@pytest.fixture(scope="module")
def program() -> Iterator[HookProgram]:
    folder = Path(tempfile.mkdtemp(prefix="rb-program-", dir="/tmp"))
    folder.chmod(0o755)
    yield install_program(folder)
    shutil.rmtree(folder)


@pytest.fixture
def home(program: HookProgram) -> Iterator[HookHome]:
    made = HookHome(program)
    yield made
    made.remove()


@pytest.fixture
def next_version(tmp_path: Path) -> Iterator[DaemonProcess]:
    """Return today's daemon, but for the number of the protocol that it speaks."""
    source = Path(str(reasoningbank_schema.__file__)).parent
    copy = tmp_path / "schema" / source.name
    shutil.copytree(source, copy)
    envelope = copy / "envelope.py"
    text = envelope.read_text(encoding="utf-8")
    assert "PROTOCOL_VERSION = 1\n" in text
    envelope.write_text(text.replace("PROTOCOL_VERSION = 1\n", "PROTOCOL_VERSION = 2\n"), encoding="utf-8")
    with scratch_home() as home:
        yield DaemonProcess(home, environment={"PYTHONPATH": str(copy.parent)})


@pytest.mark.parametrize("stored", list(Stored))
def test_hook_keeps_exactly_what_a_later_daemon_may_take(home: HookHome, stored: Stored) -> None:
    told: list[tuple[Code, bool, int]] = []

    for code in Code:

        def behave(request: Request, code: Code = code) -> list[Answer]:
            header = AnswerHeader(nonce=request.header.nonce, code=code, advice_final=True, stored=stored)
            return [(header, ADVICE)]

        before = len(home.spooled())
        with Router(home.socket, behave, owner=ordinary_user()):
            run = home.run("UserPromptSubmit", PAYLOAD)
        assert (run.status, run.stderr) == (0, b"")
        told.append((code, run.stdout == ADVICE, len(home.spooled()) - before))

    assert told == [(code, code is Code.OK, 1 if stored in KEPT else 0) for code in Code]


@pytest.mark.parametrize("stored", list(Stored))
def test_hook_believes_no_state_of_another_version(home: HookHome, stored: Stored) -> None:
    def behave(request: Request) -> list[Answer]:
        header = AnswerHeader(nonce=request.header.nonce, code=Code.OK, stored=stored, version=2)
        return [(header, ADVICE)]

    with Router(home.socket, behave, owner=ordinary_user()):
        run = home.run("UserPromptSubmit", PAYLOAD)

    assert run.is_silent
    assert [event.payload for _, event in home.spooled()] == [PAYLOAD]


def run_hook(program: HookProgram, daemon: DaemonProcess, payload: bytes) -> HookRun:
    """Call the installed hook as the daemon's own user."""
    done = subprocess.run(
        [str(program.executable), "claude-code", "UserPromptSubmit"],
        input=payload,
        env={"RB_HOME": str(daemon.home)},
        capture_output=True,
        check=False,
        timeout=20,
    )
    return HookRun(done.returncode, done.stdout, done.stderr, 0.0)


def test_event_of_an_older_hook_reaches_the_newer_daemon_through_the_spool_once(
    program: HookProgram, next_version: DaemonProcess
) -> None:
    with next_version as daemon:
        run = run_hook(program, daemon, PAYLOAD)
        wait_until(lambda: tasks(daemon) == 1, what="the spooled event to be taken in")

        assert run.is_silent
        assert list_entries(str(daemon.paths.spool)) == []


def tasks(daemon: DaemonProcess) -> int:
    """Count the recorded tasks, with the program that needs no daemon and so no protocol."""
    done = subprocess.run(
        [sys.executable, "-m", "reasoningbank_daemon.cli.main", "tasks", "list", "--json"],
        env={**os.environ, "RB_HOME": str(daemon.home)},
        capture_output=True,
        check=True,
    )
    return len(json.loads(done.stdout))


def test_daemon_of_another_version_does_not_take_the_bank_of_one_that_runs(
    next_version: DaemonProcess,
) -> None:
    with DaemonProcess(next_version.home) as older, ReasoningBank(older.paths, timeout_s=10) as bank:
        bank.remember("kept by the older one")

        next_version.start(wait=False)
        assert next_version.process is not None
        assert next_version.process.wait(30) == ExitCode.ANOTHER_RUNS

        assert bank.status().experiences == 1


def test_client_of_another_version_hears_it_and_its_event_is_kept_for_after_the_upgrade(
    next_version: DaemonProcess,
) -> None:
    with next_version as daemon, ReasoningBank(daemon.paths, timeout_s=10, spool=True) as bank:
        with pytest.raises(VersionMismatchError, match="reasoningbank down && reasoningbank up") as caught:
            bank.remember("The parser needs UTF-8", title="parser")
        with pytest.raises(VersionMismatchError):
            bank.ping()

        assert (caught.value.ours, caught.value.theirs) == (1, 2)
        assert caught.value.spooled is not None
        assert caught.value.stored is not Stored.STORED
        daemon.terminate()
    with DaemonProcess(daemon.home) as upgraded, ReasoningBank(upgraded.paths, timeout_s=10) as bank:
        wait_until(lambda: bank.status().spooled == 0, what="the spool to be drained")
        found = bank.recall("parser UTF-8")

    assert [experience.text for experience in found.experiences] == ["The parser needs UTF-8"]
