"""The client library against the real daemon."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until

from reasoningbank_client import AsyncReasoningBank, ReasoningBank, UnreachableError
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.spool import list_entries

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "nightly_build.py"


@pytest.fixture(scope="module")
def daemon() -> Iterator[DaemonProcess]:
    with scratch_home() as home, DaemonProcess(home) as process:
        yield process


def test_a_task_is_advised_stored_and_recalled(daemon: DaemonProcess) -> None:
    daemon.await_judge()

    with ReasoningBank(daemon.paths, timeout_s=10) as bank:
        bank.start_session("s1", cwd="/tmp/shop")
        told = bank.pre_task("s1", "repair the invoice export", cwd="/tmp/shop")
        judged = bank.post_edit("s1", "a.py", before="x = 1\n", after="x = eval(input())\n")
        kept = bank.remember("The invoice export needs a header row", title="invoice export")
        bank.end_session("s1")
        found = bank.recall("invoice export")

    assert told.stored is Stored.STORED
    assert told.advice is not None
    assert told.advice.selection.evidence == 0
    assert told.advice.selection.confidence is None
    assert judged.advice is not None
    assert "input-in-code" in (judged.advice.text or "")
    assert kept.receipt is not None
    assert kept.receipt.experience_id in [experience.id for experience in found.experiences]


def test_async_client_answers_as_the_sync_one(daemon: DaemonProcess) -> None:
    async def ask() -> tuple[int, Stored]:
        async with AsyncReasoningBank(daemon.paths, timeout_s=10) as bank:
            answer = await bank.pre_task("s2", "write a parser")
            return (await bank.status()).pid, answer.stored

    pid, stored = asyncio.run(ask())

    assert daemon.process is not None
    assert pid == daemon.process.pid
    assert stored is Stored.STORED


def test_absent_daemon_is_named_with_the_command_that_starts_it() -> None:
    with scratch_home() as home:
        bank = ReasoningBank(DaemonProcess(home).paths)

        with pytest.raises(UnreachableError, match="reasoningbank up"):
            bank.ping()
        bank.close()


def test_event_of_a_stopped_daemon_is_spooled_and_stored_once() -> None:
    with scratch_home() as home, DaemonProcess(home) as daemon:
        with ReasoningBank(daemon.paths, timeout_s=0.3, spool=True) as bank:
            daemon.pause()
            kept = bank.pre_task("s3", "survive a pause")
            spooled = list_entries(str(daemon.paths.spool))
            daemon.resume()
            wait_until(lambda: not list_entries(str(daemon.paths.spool)), what="the spool to be drained")

        with ReasoningBank(daemon.paths, timeout_s=10) as bank:
            assert bank.status().tasks == 1
        assert spooled == [kept.spooled]


def test_documented_example_without_arguments_says_what_it_wants() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == "usage: nightly_build.py SESSION COMMAND [COMMAND ...]\n"


def test_documented_example_runs(daemon: DaemonProcess) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "nightly-1", "true", "echo broken && exit 3"],
        env={**os.environ, "RB_HOME": str(daemon.home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "exit status 3" in done.stdout
