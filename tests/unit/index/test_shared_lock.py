"""Readers share the lock; a writer has it alone and is not kept waiting by readers that come later."""

from __future__ import annotations

import threading

import pytest

from reasoningbank_daemon.index.shared_lock import SharedLock


def test_readers_share() -> None:
    lock, both_inside = SharedLock(), threading.Barrier(2, timeout=10)

    def read() -> None:
        with lock.reading():
            both_inside.wait()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert not both_inside.broken


def test_a_writer_waits_for_readers_and_goes_before_later_ones() -> None:
    lock, order = SharedLock(), list[str]()
    writer_waits = threading.Event()

    def write() -> None:
        with lock.writing():
            order.append("writer")

    def read_later() -> None:
        with lock.reading():
            order.append("later reader")

    writer, reader = threading.Thread(target=write), threading.Thread(target=read_later)
    with lock.reading():
        writer.start()
        while not lock._waiting:
            writer_waits.wait(0.001)
        reader.start()
        order.append("first reader")
    writer.join(10)
    reader.join(10)

    assert order == ["first reader", "writer", "later reader"]


def test_the_lock_is_free_again_after_an_error_inside() -> None:
    lock = SharedLock()

    for section in (lock.reading, lock.writing):
        with pytest.raises(KeyError), section():
            raise KeyError
    with lock.writing():
        pass

    assert lock._readers == 0
