"""Fixed pools of worker threads that say at once when they are full."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

Work = Callable[[], None]
_STOP: Work = lambda: None  # noqa: E731  a sentinel that is compared by identity, never called


class Pool:
    """Run work on ``size`` threads; at most ``limit`` pieces wait.

    ``try_submit`` never blocks: a caller that gets False answers BUSY. Work must not raise: what it does with
    its errors is its own business, so an exception here is a defect; it is logged and the thread lives on.
    """

    def __init__(self, name: str, *, size: int, limit: int) -> None:
        # Not a `Queue`: its lock and conditions are taken in Python, by every request.
        self._queue: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._limit = limit
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def try_submit(self, work: Work) -> bool:
        """Queue work unless the pool is full or closed; say whether it was taken."""
        # Only the poller thread submits, so the size can't grow between the test and the put.
        if self._closed or self._queue.qsize() >= self._limit:
            return False
        self._queue.put(work)
        return True

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for a thread."""
        return self._queue.qsize()

    def close(self, *, timeout_s: float) -> bool:
        """Finish what is queued and stop the threads; False when one is still working after the timeout."""
        self._closed = True
        for _ in self._threads:
            self._queue.put(_STOP)
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while True:
            work = self._queue.get()
            if work is _STOP:
                return
            try:
                work()
            except Exception:
                log.exception("worker_defect")
