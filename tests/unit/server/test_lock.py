"""One daemon per bank, and nobody is kept from being it by somebody who only looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reasoningbank_daemon.cli.daemon_process import is_locked
from reasoningbank_daemon.server.lock import AlreadyRunningError, DaemonLock


@contextmanager
def lookers(path: Path, count: int) -> Iterator[list[bool]]:
    """Look at a lock without a pause from several threads, and give what they saw."""
    seen: list[bool] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.append(is_locked(path))

    threads = [threading.Thread(target=look) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_lock_is_taken_while_others_look_at_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = DaemonLock(path)
    lock.acquire(pid=1)
    lock.release()

    with lookers(path, 4) as seen:
        for number in range(300):
            lock.acquire(pid=number)
            lock.release()

    assert len(seen) > 300


def test_second_daemon_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    first = DaemonLock(tmp_path / "lock")
    first.acquire(pid=4711)

    with pytest.raises(AlreadyRunningError, match="pid 4711") as refused:
        DaemonLock(tmp_path / "lock").acquire(pid=2)

    first.release()
    assert refused.value.pid == 4711


def test_of_many_at_once_one_gets_it(tmp_path: Path) -> None:
    locks = [DaemonLock(tmp_path / "lock") for _ in range(50)]
    start = threading.Barrier(len(locks))
    refused: list[AlreadyRunningError] = []

    def take(lock: DaemonLock) -> None:
        start.wait()
        try:
            lock.acquire(pid=1)
        except AlreadyRunningError as error:
            refused.append(error)

    threads = [threading.Thread(target=take, args=(lock,)) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == len(locks) - 1
    for lock in locks:
        lock.release()
