"""What a daemon makes of the spool that it finds, and of events whose sender's clock was set back."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec
import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.manual_clock import ManualClock
from rbtest.wire import Answers, Wire
from structlog.testing import capture_logs

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.jobs.spool import AT_ONCE, WHOLE_WITHIN_S, SpoolJob
from reasoningbank_daemon.services.container import Services, open_services
from reasoningbank_daemon.services.folders import prepare_folders
from reasoningbank_daemon.services.intake import Refusal, understand
from reasoningbank_daemon.storage.records import Outcome, SweepRecord
from reasoningbank_schema.envelope import RequestHeader, Stored, pack_request
from reasoningbank_schema.messages import (
    Control,
    ControlAction,
    EndSession,
    HookEvent,
    PostCommand,
    PostTask,
    PreTask,
    Recall,
    Remember,
    Request,
    Status,
    encode_request,
)
from reasoningbank_schema.paths import resolve_paths
from reasoningbank_schema.spool import list_entries, write_entry

FIXTURES = Path(__file__).parents[2] / "fixtures" / "agents" / "claude-code"


@pytest.mark.parametrize("question", [Recall(query="x"), Status(), Control(action=ControlAction.STOP)])
def test_entry_that_asks_something_is_set_aside_and_holds_up_no_other(question: Request) -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        spool = daemon.paths.spool
        spool.mkdir(parents=True, mode=0o700)
        for number, request in enumerate(
            (question, Remember(text="The importer reads CSV with csv.reader."))
        ):
            header = pack_request(RequestHeader(nonce=bytes([number]) * 16, sent_ns=number + 1, copy=True))
            write_entry(str(spool), header, encode_request(request))

        with daemon:
            wait_until(lambda: not list_entries(str(spool)), what="the spool to be taken in")

            assert len(list(spool.glob("*.damaged"))) == 1
            assert "is a question" in (daemon.paths.logs / "daemon.log").read_text(encoding="utf-8")


def _spool_command(folder: Path, number: int, *, version: int = 1) -> None:
    """Spool one event, without waiting for the disk; ``number`` is its time in milliseconds, and part of it."""
    sent_ns = (1_790_000_000_000 + number) * 1_000_000
    header = RequestHeader(nonce=number.to_bytes(16, "big"), sent_ns=sent_ns, version=version)
    event = PostCommand(session=f"s{number // 100}", command=f"make part-{number}", exit_status=0)
    write_entry(str(folder), pack_request(header), encode_request(event), sync=lambda _: None)


def _value(bank: Path, sql: str) -> object:
    db = apsw.Connection(str(bank), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return db.execute(sql).get
    finally:
        db.close()


def test_ten_thousand_spooled_events_are_stored_once_each(tmp_path: Path) -> None:
    count = 10_000
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        spool = daemon.paths.spool
        spool.mkdir(parents=True, mode=0o700)
        for start in range(0, count, 250):
            part = tmp_path / str(start)  # a full folder is read at each writing
            for number in range(start, start + 250):
                _spool_command(part, number)
            for file in part.glob("*.event"):
                file.rename(spool / file.name)

        begun = time.monotonic()
        with daemon:
            wait_until(lambda: not list_entries(str(spool)), what="the spool to be taken in", timeout_s=120)
            print(f"{count} spooled events stored in {time.monotonic() - begun:.1f} s, the start included")

        assert _value(daemon.paths.bank, "SELECT count(*) FROM receipt") == count
        assert _value(daemon.paths.bank, "SELECT count(*) FROM step") == count
        assert _value(daemon.paths.bank, "SELECT count(*) FROM agent_session") == count // 100


def test_entry_of_a_later_protocol_waits_for_the_daemon_that_speaks_it() -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        _spool_command(daemon.paths.spool, 1, version=2)
        _spool_command(daemon.paths.spool, 2)
        [later, _] = list_entries(str(daemon.paths.spool))

        with daemon:
            wait_until(lambda: list_entries(str(daemon.paths.spool)) == [later], what="the other one")

        assert list_entries(str(daemon.paths.spool)) == [later]
        assert list(daemon.paths.spool.glob("*.damaged")) == []
        assert "spool_entry_of_a_later_version" in (daemon.paths.logs / "daemon.log").read_text("utf-8")


def _send(wire: Wire, request: Request, sent_ns: int, *, nonce: bytes | None = None) -> Answers:
    header = RequestHeader(nonce=nonce or os.urandom(16), sent_ns=sent_ns, deadline_ms=5000)
    wire.send_frames([pack_request(header), encode_request(request)])
    answers = wire.collect(header.nonce)
    assert answers is not None
    return answers


@pytest.mark.parametrize("hours", [-1, -24 * 365, 24 * 365])
def test_a_clock_that_is_set_loses_no_event_and_counts_none_twice(hours: int) -> None:
    session, second_ns = "s", 1_000_000_000
    now_ns = time.time_ns() - 100 * second_ns
    set_ns = now_ns + hours * 3600 * second_ns
    again = b"again-and-again!"
    with scratch_home() as home, DaemonProcess(home) as daemon, Wire(daemon.paths.endpoint) as wire:
        told = [
            _send(wire, PreTask(session=session, prompt="Fix the parser", cwd="/tmp/p"), now_ns),
            _send(wire, PostCommand(session=session, command="make a", exit_status=1), now_ns + second_ns),
            _send(wire, PostCommand(session=session, command="make b", exit_status=0), set_ns, nonce=again),
            _send(wire, PostTask(session=session, success=True), set_ns + second_ns),
            _send(wire, PostCommand(session=session, command="make b", exit_status=0), set_ns, nonce=again),
            _send(wire, EndSession(session=session), set_ns + 2 * second_ns),
        ]
        assert [answers.stored for answers in told] == [Stored.STORED] * 6
        assert daemon.terminate() == 0

        bank = daemon.paths.bank
        assert _value(bank, "SELECT count(*) FROM receipt") == 5
        assert _value(bank, "SELECT count(*) FROM step") == 2
        assert _value(bank, "SELECT count(*) FROM turn WHERE prompt IS NOT NULL") == 1
        assert _value(bank, "SELECT count(*) FROM task WHERE ended_ns < started_ns") == 0
        assert _value(bank, "PRAGMA integrity_check") == "ok"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now_ns=time.time_ns())


@pytest.fixture
def services(tmp_path: Path, clock: ManualClock) -> Iterator[Services]:
    """Open a bank without a daemon around it, under a clock of ours."""
    paths = resolve_paths({"RB_HOME": str(tmp_path)}, home=tmp_path)
    prepare_folders(paths)
    opened = open_services(paths, Config())
    yield dataclasses.replace(opened, clock=clock)
    opened.close()


def test_a_full_disk_leaves_the_spool_until_there_is_room(services: Services) -> None:
    spool = services.paths.spool
    for number in range(1, 301):
        _spool_command(spool, number)
    db = services.store._writer._db
    db.pragma("max_page_count", db.pragma("page_count"))
    job = SpoolJob(services)

    job.run()
    left = len(list_entries(str(spool)))
    stored = _value(services.paths.bank, "SELECT count(*) FROM step")
    db.pragma("max_page_count", 1_000_000)
    job.run()

    assert left > 0
    assert stored == 300 - left
    assert list_entries(str(spool)) == []
    assert _value(services.paths.bank, "SELECT count(*) FROM step") == 300


def test_a_writer_that_does_not_answer_ends_the_round_and_the_events_stay_for_the_next(
    services: Services,
) -> None:
    spool = services.paths.spool
    for number in range(1, AT_ONCE + 51):
        _spool_command(spool, number)
    begun, go_on = threading.Event(), threading.Event()

    def hold_up(_outcome: Outcome) -> None:
        begun.set()
        go_on.wait()

    services.store.submit(SweepRecord(now_ns=1), hold_up)
    begun.wait()
    job = SpoolJob(services, store_timeout_s=0)

    with capture_logs() as lines:
        job.run()
    left = len(list_entries(str(spool)))
    queued = services.store._writer.waiting()
    go_on.set()
    SpoolJob(services).run()

    assert [(line["event"], line["events"]) for line in lines] == [("spool_unanswered", AT_ONCE)]
    assert (left, queued) == (AT_ONCE + 50, AT_ONCE)
    assert list_entries(str(spool)) == []
    assert _value(services.paths.bank, "SELECT count(*) FROM step") == AT_ONCE + 50


def test_a_copy_that_lost_its_content_waits_for_the_whole_event_and_then_counts_as_its_copy(
    services: Services, clock: ManualClock
) -> None:
    payload = (FIXTURES / "UserPromptSubmit.json").read_bytes()
    whole = HookEvent(host="claude-code", event="UserPromptSubmit", payload=payload)
    header = RequestHeader(nonce=b"n" * 16, sent_ns=clock.now_ns())
    for number, cut in enumerate((b"", b'{"session_id":"x"}')):
        bare = msgspec.structs.replace(whole, payload=cut, truncated=True)
        copy = msgspec.structs.replace(header, nonce=bytes([number]) * 16)
        write_entry(str(services.paths.spool), pack_request(copy), encode_request(bare))
    job = SpoolJob(services)

    job.run()
    waiting = len(list_entries(str(services.paths.spool)))
    for number in range(2):
        arrived = understand(msgspec.structs.replace(header, nonce=bytes([number]) * 16), whole, clock=clock)
        assert not isinstance(arrived, Refusal)
        services.store.submit(arrived, None)
    clock.advance(WHOLE_WITHIN_S)
    job.run()

    assert waiting == 2
    assert list_entries(str(services.paths.spool)) == []
    assert _value(services.paths.bank, "SELECT count(*) FROM receipt") == 2
    assert _value(services.paths.bank, "SELECT count(*) FROM rejected_event") == 0
    assert _value(services.paths.bank, "SELECT count(*) FROM turn WHERE prompt IS NULL") == 0
