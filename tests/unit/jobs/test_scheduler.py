"""When the daemon's own jobs run, and what one that fails costs the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rbtest.daemon_process import wait_until
from rbtest.manual_clock import ManualClock
from structlog.testing import capture_logs

from reasoningbank_daemon.jobs.scheduler import Job, Scheduler
from reasoningbank_daemon.services.clock import Clock, SystemClock

HOUR_S = 3600.0


def job(name: str, run: Callable[[], None], *, every_s: float = HOUR_S) -> Job:
    return Job(name=name, every_s=every_s, run=run)


@contextmanager
def running(*jobs: Job, clock: Clock | None = None) -> Iterator[Scheduler]:
    scheduler = Scheduler(jobs, clock=clock or ManualClock())
    scheduler.start()
    try:
        yield scheduler
    finally:
        assert scheduler.close(timeout_s=30)


def test_job_runs_when_it_is_triggered_and_not_before() -> None:
    ran: list[str] = []

    with running(job("one", lambda: ran.append("one")), job("two", lambda: ran.append("two"))) as scheduler:
        scheduler.trigger("two")
        wait_until(lambda: bool(ran), what="the triggered job")

    assert ran == ["two"]


def test_job_is_due_again_each_time_its_interval_has_passed() -> None:
    ran: list[None] = []

    with running(job("often", lambda: ran.append(None), every_s=0.001), clock=SystemClock()):
        wait_until(lambda: len(ran) >= 3, what="three rounds")


def test_triggers_while_a_job_runs_add_up_to_one_more_round() -> None:
    clock = ManualClock()
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)
    rounds: list[None] = []

    def work() -> None:
        rounds.append(None)
        begun.release()
        go_on.acquire()

    with running(job("slow", work), clock=clock) as scheduler:
        scheduler.trigger("slow")
        begun.acquire()
        for _ in range(5):
            scheduler.trigger("slow")
        go_on.release()
        begun.acquire()
        go_on.release(6)

    assert len(rounds) == 2


def test_job_that_fails_is_logged_and_keeps_neither_itself_nor_others_from_running() -> None:
    ran: list[str] = []

    def fail() -> None:
        ran.append("bad")
        raise OSError("the disk is full")

    with (
        capture_logs() as lines,
        running(job("bad", fail), job("good", lambda: ran.append("good"))) as scheduler,
    ):
        for name, done in (("bad", 1), ("good", 2), ("bad", 3)):
            scheduler.trigger(name)
            wait_until(lambda done=done: len(ran) == done, what=name)  # type: ignore[misc]  # bound early

    assert ran == ["bad", "good", "bad"]
    assert [(line["event"], line["job"]) for line in lines] == [("job_failed", "bad")] * 2


def test_close_waits_for_the_round_under_way_and_says_when_it_did_not_end() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait()

    scheduler = Scheduler((job("slow", work),), clock=ManualClock())
    scheduler.start()
    scheduler.trigger("slow")
    begun.wait()

    too_short = scheduler.close(timeout_s=0)
    go_on.set()

    assert not too_short
    assert scheduler.close(timeout_s=30)


def test_scheduler_that_was_never_started_closes_at_once() -> None:
    assert Scheduler((job("one", lambda: None),), clock=ManualClock()).close(timeout_s=0)
