"""What the hook has read survives an alarm, whenever it comes."""

from __future__ import annotations

import os
import posix

import pytest

from reasoningbank_hooks.rb_hook import READ_BYTES, Call


@pytest.fixture
def call() -> Call:
    reading, writing = os.pipe()
    os.write(writing, b'{"prompt":"Fix the parser"}')
    os.close(writing)
    call = Call(["claude-code", "UserPromptSubmit"], 150)
    call.stdin = reading
    return call


def test_data_that_comes_together_with_the_alarm_is_kept(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    readv = posix.readv

    def read_and_be_alarmed(descriptor: int, buffers: list[bytearray]) -> int:
        readv(descriptor, buffers)
        raise TimeoutError  # as the signal's handler does, between the system call and what is done with its result

    monkeypatch.setattr(posix, "readv", read_and_be_alarmed)

    with pytest.raises(TimeoutError):
        call.read_stdin()
    call.end_reading()
    os.close(call.stdin)

    assert (b"".join(call.chunks), call.complete) == (b'{"prompt":"Fix the parser"}', False)


def test_an_alarm_before_any_data_leaves_nothing_and_the_rest_to_be_read(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_alarmed(_descriptor: int, _buffers: list[bytearray]) -> int:
        raise TimeoutError

    with monkeypatch.context() as alarmed:
        alarmed.setattr(posix, "readv", be_alarmed)
        with pytest.raises(TimeoutError):
            call.read_stdin()
    call.end_reading()
    before = list(call.chunks)
    call.read_stdin()
    os.close(call.stdin)

    assert before == []
    assert (b"".join(call.chunks), call.complete) == (b'{"prompt":"Fix the parser"}', True)


def test_more_than_one_read_takes_is_put_together(call: Call) -> None:
    os.close(call.stdin)
    reading, writing = os.pipe()
    call.stdin = reading
    sent = bytes(range(1, 201)) * (READ_BYTES // 100)
    if not os.fork():
        with os.fdopen(writing, "wb") as stream:
            stream.write(sent)
        os._exit(0)
    os.close(writing)

    call.read_stdin()
    os.close(reading)
    os.wait()

    assert b"".join(call.chunks) == sent
    assert call.complete
