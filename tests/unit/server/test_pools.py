"""What a pool takes, what it says when it is full, and how it ends."""

from __future__ import annotations

import threading

from structlog.testing import capture_logs

from reasoningbank_daemon.server.pools import Pool


def test_work_beyond_the_limit_is_not_taken_and_taken_again_when_there_is_room() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Semaphore(0)
    pool = Pool("test", size=1, limit=2)

    def occupy() -> None:
        begun.set()
        go_on.wait()

    assert pool.try_submit(occupy)
    begun.wait()
    taken = [pool.try_submit(done.release) for _ in range(3)]
    waiting = pool.waiting
    go_on.set()
    done.acquire()
    done.acquire()

    assert taken == [True, True, False]
    assert waiting == 2
    assert pool.try_submit(done.release)
    assert pool.close(timeout_s=30)


def test_work_that_raises_is_logged_and_costs_no_thread() -> None:
    done = threading.Event()
    pool = Pool("test", size=1, limit=2)

    def fail() -> None:
        raise ValueError("a defect")

    with capture_logs() as lines:
        pool.try_submit(fail)
        pool.try_submit(done.set)
        assert done.wait(30)

    assert [line["event"] for line in lines] == ["worker_defect"]
    assert pool.close(timeout_s=30)


def test_close_finishes_what_is_queued_and_takes_no_more() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []
    pool = Pool("test", size=2, limit=10)

    def occupy() -> None:
        begun.set()
        go_on.wait()

    pool.try_submit(occupy)
    begun.wait()
    for number in range(5):
        pool.try_submit(lambda number=number: done.append(number))  # type: ignore[misc]  # bound early

    too_short = pool.close(timeout_s=0)
    refused = pool.try_submit(lambda: done.append(-1))
    go_on.set()

    assert not too_short
    assert not refused
    assert pool.close(timeout_s=30)
    assert done == [0, 1, 2, 3, 4]
