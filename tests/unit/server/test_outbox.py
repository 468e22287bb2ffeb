"""What other threads leave for the poller reaches it, and wakes it, whatever it does at that moment."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator

import pytest

from reasoningbank_daemon.server.outbox import Outbox


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    made = Outbox()
    yield made
    made.close()


def awake(outbox: Outbox, *, within_s: float = 0) -> bool:
    return bool(select.select([outbox.fileno()], [], [], within_s)[0])


def run(outbox: Outbox) -> None:
    for delivery in outbox.take():
        delivery()


def test_what_is_put_wakes_the_poller_and_is_taken_in_its_order(outbox: Outbox) -> None:
    done: list[int] = []
    asleep = awake(outbox)

    for number in range(3):
        outbox.put(lambda number=number: done.append(number))  # type: ignore[misc]  # bound early
    woken = awake(outbox)
    outbox.answer_wake()
    run(outbox)

    assert (asleep, woken, awake(outbox)) == (False, True, False)
    assert done == [0, 1, 2]


def test_what_a_delivery_puts_is_for_the_next_round_and_wakes_it(outbox: Outbox) -> None:
    done: list[str] = []

    def first() -> None:
        done.append("first")
        outbox.put(lambda: done.append("second"))

    outbox.put(first)
    outbox.answer_wake()
    run(outbox)

    assert done == ["first"]
    assert awake(outbox)
    run(outbox)
    assert done == ["first", "second"]


def test_wake_that_was_not_called_for_is_answered_without_waiting(outbox: Outbox) -> None:
    outbox.answer_wake()

    outbox.wake()

    assert awake(outbox)


def test_nothing_that_eight_threads_put_is_slept_through(outbox: Outbox) -> None:
    per_thread = 2_000
    taken: list[int] = []

    def put(number: int) -> None:
        for _ in range(per_thread):
            outbox.put(lambda: taken.append(number))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(taken) < 8 * per_thread:
        assert awake(outbox, within_s=30), "the poller would sleep while something waits"
        outbox.answer_wake()
        run(outbox)
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(number for number in range(8) for _ in range(per_thread))


def test_what_comes_after_the_poller_has_gone_is_kept_and_fails_nobody() -> None:
    outbox = Outbox()
    outbox.close()

    outbox.put(lambda: None)

    assert len(list(outbox.take())) == 1
