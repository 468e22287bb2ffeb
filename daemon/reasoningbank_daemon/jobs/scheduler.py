"""One thread that runs the daemon's own jobs, each when it is due or when somebody asked for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec
import structlog

from reasoningbank_daemon.services.clock import Clock

log = structlog.get_logger(__name__)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Name a job, how often it is due, and what one round of it does; a round must be short or yield."""

    name: str
    every_s: float
    run: Callable[[], None]


class Scheduler:
    """Run jobs one after another on one thread, so that no two of them ever meet.

    A job that raises is logged and is due again after its interval: one failing round (a full disk, a file
    that vanished) must not end spool draining for good.
    """

    def __init__(self, jobs: tuple[Job, ...], *, clock: Clock) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._clock = clock
        now = clock.monotonic_s()
        self._due = {job.name: now + job.every_s for job in jobs}
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin; nothing is due before its first interval has passed unless it is triggered."""
        self._thread.start()

    def trigger(self, name: str) -> None:
        """Make a job due now; safe from any thread. Triggers while it runs add up to one more round."""
        with self._wake:
            self._due[name] = self._clock.monotonic_s()
            self._wake.notify()

    def close(self, *, timeout_s: float) -> bool:
        """Let the running round end and stop; False when it did not end in time."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job.run()
            except Exception:
                log.exception("job_failed", job=job.name)

    def _next(self) -> Job | None:
        with self._wake:
            while not self._closed:
                name = min(self._due, key=self._due.__getitem__)
                wait_s = self._due[name] - self._clock.monotonic_s()
                if wait_s <= 0:
                    self._due[name] = self._clock.monotonic_s() + self._jobs[name].every_s
                    return self._jobs[name]
                self._wake.wait(wait_s)
        return None
