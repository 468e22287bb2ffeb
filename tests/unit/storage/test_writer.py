from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.bank import Bank, Play

from reasoningbank_daemon.storage.opening import wal_of
from reasoningbank_daemon.storage.records import Effects, Outcome, RejectedRecord, RememberRecord
from reasoningbank_daemon.storage.watermark import Watermark, WatermarkError, read_watermark, write_watermark
from reasoningbank_daemon.storage.writer import GATHER_S, Writer
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.messages import Remember


class Clock:
    """A clock that stands still until a test moves it."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Running:
    """A writer with what it noted and told."""

    def __init__(self, path: Path, *, gather_s: float = GATHER_S) -> None:
        self.bank = Bank(path)
        self.clock = Clock()
        self.noted: list[int] = []
        self.effects: list[Effects] = []
        self.outcomes: list[Outcome] = []
        self.writer = Writer(
            self.bank.db,
            self.bank.recorder,
            note=self.noted.append,
            on_commit=self.effects.append,
            gather_s=gather_s,
            monotonic=self.clock,
        )

    def remember(self, number: int) -> None:
        record = RememberRecord(
            nonce=number.to_bytes(16, "big"), at_ns=number, remember=Remember(text=f"fact {number}")
        )
        self.writer.submit(record, self.outcomes.append)

    def settle(self) -> None:
        assert self.writer.flush(timeout_s=30)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "memory.db")
    yield running
    assert running.writer.close(timeout_s=30)


def test_the_sequence_is_noted_at_most_once_a_second_and_at_the_end(running: Running) -> None:
    for number in range(1, 6):
        running.remember(number)
        running.settle()
    early = list(running.noted)
    running.clock.now_s += 1.0
    running.remember(6)
    running.settle()
    later = list(running.noted)
    running.remember(7)

    running.writer.close(timeout_s=30)

    assert early == []
    assert later == [6]
    assert running.noted == [6, 7]


def test_closing_leaves_an_empty_log(running: Running) -> None:
    for number in range(1, 200):
        running.remember(number)

    running.writer.close(timeout_s=30)

    log = wal_of(running.bank.path)
    assert not log.exists() or log.stat().st_size == 0


def test_what_waits_together_is_stored_together(running: Running) -> None:
    held, entered = threading.Event(), threading.Event()

    def hold(_: Outcome) -> None:
        entered.set()
        held.wait(30)

    running.writer.submit(Play().prompt("Holds the writer"), hold)
    assert entered.wait(30)
    for number in range(1, 101):
        running.remember(number)
    held.set()
    running.settle()

    assert len(running.outcomes) == 100
    assert len(running.effects) == 2


def test_while_the_writer_gathers_what_comes_later_is_stored_with_the_first(tmp_path: Path) -> None:
    patient = Running(tmp_path / "memory.db", gather_s=30)

    patient.writer.gather(True)
    for number in range(1, 101):
        patient.remember(number)
    patient.writer.gather(False)
    patient.settle()
    patient.writer.close(timeout_s=30)

    assert len(patient.outcomes) == 100
    assert len(patient.effects) == 1


def test_a_writer_that_gathers_for_ever_stores_all_the_same(running: Running) -> None:
    running.writer.gather(True)
    for number in range(1, 4):
        running.remember(number)
        running.settle()

    assert [outcome.stored for outcome in running.outcomes] == [Stored.STORED] * 3


def test_our_own_failure_refuses_the_record_and_keeps_a_sample(running: Running) -> None:
    play = Play(cwd="/code/\udcff")

    running.writer.submit(play.prompt("Fix it"), running.outcomes.append)
    running.settle()
    running.writer.close(timeout_s=30)

    assert running.outcomes[0].stored is Stored.REFUSED
    again = Bank(running.bank.path)
    assert again.value("SELECT event, reason LIKE 'UnicodeEncodeError%' FROM rejected_event") == (
        "EventRecord",
        1,
    )
    again.close()


def test_effects_that_fail_do_not_stop_the_writer(tmp_path: Path) -> None:
    bank = Bank(tmp_path / "memory.db")
    outcomes: list[Outcome] = []

    def fail(_: Effects) -> None:
        raise RuntimeError("a defect of an index")

    writer = Writer(bank.db, bank.recorder, note=lambda _: None, on_commit=fail)
    for number in (1, 2):
        record = RejectedRecord(nonce=bytes([number]) * 16, at_ns=1, host="h", event="e", reason="r")
        writer.submit(record, outcomes.append)
        assert writer.flush(timeout_s=30)
    writer.close(timeout_s=30)

    assert [outcome.stored for outcome in outcomes] == [Stored.STORED] * 2


def test_a_watermark_is_read_back_as_written(tmp_path: Path) -> None:
    mark = Watermark(bank_id="b", sequence=7, at_ns=9)

    write_watermark(tmp_path / "state" / "watermark.json", mark)

    assert read_watermark(tmp_path / "state" / "watermark.json") == mark
    assert read_watermark(tmp_path / "absent.json") is None


def test_a_watermark_of_something_else_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "watermark.json").write_text('{"sequence": "many"}')

    with pytest.raises(WatermarkError, match="delete it if the bank is known to be whole"):
        read_watermark(tmp_path / "watermark.json")
