"""Who waits for advice is answered by his deadline, whatever the workers do."""

from __future__ import annotations

import dataclasses
import math
import os
import queue
from collections.abc import Callable

import pytest
from rbtest.manual_clock import ManualClock

from reasoningbank_daemon.dispatch import INLINE_DECODE_BYTES, Dispatcher, Lanes
from reasoningbank_daemon.services.container import Services
from reasoningbank_schema.envelope import (
    AnswerHeader,
    Code,
    RequestHeader,
    Stored,
    pack_request,
    unpack_answer,
)
from reasoningbank_schema.messages import Done, PreTask, Recall, Remember, Request, encode_request

Work = Callable[[], None]
RECALL = Recall(query="the parser")
TASK = PreTask(session="s", prompt="Fix the parser")


class Poller:
    """A dispatcher on the calling thread, its clock stopped; what its workers shall do is done when the test says so."""

    def __init__(self, services: Services) -> None:
        self.clock = ManualClock()
        self.services = dataclasses.replace(services, clock=self.clock)
        self.waiting: list[Work] = []
        self.large: list[Work] = []
        self.answers: list[AnswerHeader] = []
        self._outbox: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self.dispatcher = Dispatcher(
            self.services,
            lanes=Lanes(pre_task=_into(self.waiting), others=_into(self.waiting), large=_into(self.large)),
            send=lambda frames: self.answers.append(unpack_answer(frames[1])),
            post=self._outbox.put,
            control=lambda _request: Done(),
            status=Done,
        )

    def take(self, request: Request, *, deadline_ms: int) -> bytes:
        nonce = os.urandom(16)
        header = pack_request(RequestHeader(nonce=nonce, sent_ns=1, deadline_ms=deadline_ms))
        self.dispatcher.take([b"peer", header, encode_request(request)])
        return nonce

    def work(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()

    def deliver(self) -> None:
        """Send what the writer and the workers have answered."""
        assert self.services.store.flush(timeout_s=10)
        while not self._outbox.empty():
            self._outbox.get()()


def _into(waiting: list[Work]) -> Callable[[Work], bool]:
    def take(work: Work) -> bool:
        waiting.append(work)
        return True

    return take


@pytest.fixture
def poller(services: Services) -> Poller:
    return Poller(services)


def test_advice_for_which_no_worker_was_free_is_late_at_its_deadline(poller: Poller) -> None:
    nonce = poller.take(RECALL, deadline_ms=200)

    poller.clock.advance(0.2)
    poller.dispatcher.answer_late()

    assert len(poller.waiting) == 1
    assert poller.answers == [
        AnswerHeader(nonce=nonce, code=Code.LATE, advice_final=True, stored=Stored.NOTHING)
    ]
    assert poller.services.counters.get("late") == 1


def test_advice_that_comes_after_its_deadline_was_answered_is_dropped(poller: Poller) -> None:
    poller.take(RECALL, deadline_ms=200)
    poller.clock.advance(0.2)
    poller.dispatcher.answer_late()

    poller.work()
    poller.deliver()

    assert [header.code for header in poller.answers] == [Code.LATE]
    assert poller.services.counters.get("late") == 1


def test_advice_that_is_in_time_is_the_only_answer(poller: Poller) -> None:
    poller.take(RECALL, deadline_ms=200)
    poller.clock.advance(0.1)
    poller.work()
    poller.deliver()

    poller.clock.advance(1)
    poller.dispatcher.answer_late()

    assert [header.code for header in poller.answers] == [Code.OK]
    assert poller.services.counters.get("late") == 0


def test_event_whose_advice_is_late_is_stored_and_its_sender_told_so(poller: Poller) -> None:
    poller.take(TASK, deadline_ms=200)
    poller.clock.advance(0.2)

    poller.dispatcher.answer_late()
    poller.deliver()

    assert [(header.code, header.advice_final, header.stored) for header in poller.answers] == [
        (Code.LATE, True, Stored.PENDING),
        (Code.OK, True, Stored.STORED),
    ]


def test_poller_sleeps_until_the_next_deadline_of_those_who_still_wait(poller: Poller) -> None:
    nobody = poller.dispatcher.answer_late()
    poller.take(RECALL, deadline_ms=3_000)
    poller.take(RECALL, deadline_ms=1_000)
    both = poller.dispatcher.answer_late()
    poller.clock.advance(1)
    one = poller.dispatcher.answer_late()
    poller.work()
    poller.deliver()
    none = poller.dispatcher.answer_late()

    assert (nobody, both, one, none) == (math.inf, 1, 2, math.inf)


def test_large_event_is_stored_while_no_worker_is_free(poller: Poller) -> None:
    poller.take(RECALL, deadline_ms=1_000)
    poller.take(Remember(text="word " * INLINE_DECODE_BYTES), deadline_ms=1_000)

    poller.large.pop()()
    poller.deliver()  # to the writer
    poller.deliver()  # to its sender

    assert len(poller.waiting) == 1
    assert [header.stored for header in poller.answers] == [Stored.STORED]


def test_records_are_stored_in_groups_while_more_than_one_waits_for_advice(
    poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[bool] = []
    gather = poller.services.store.gather

    def listen(wanted: bool) -> None:
        said.append(wanted)
        gather(wanted)

    monkeypatch.setattr(poller.services.store, "gather", listen)
    poller.take(TASK, deadline_ms=100)
    alone = list(said)
    poller.take(TASK, deadline_ms=200)
    poller.take(TASK, deadline_ms=300)
    crowded = list(said)

    poller.clock.advance(0.25)
    poller.dispatcher.answer_late()

    assert (alone, crowded, said) == ([], [True], [True, False])
