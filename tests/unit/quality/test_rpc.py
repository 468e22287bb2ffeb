from __future__ import annotations

import msgspec
import pytest

from reasoningbank_daemon.quality.processes.rpc import (
    FrameError,
    FrameReader,
    answer,
    decode,
    frame,
    notification,
    refusal,
    request,
)


def only_payload(data: bytes) -> bytes:
    (payload,) = FrameReader().feed(data)
    return payload


def test_request_is_read_as_it_was_written() -> None:
    message = decode(only_payload(request(7, "do", {"x": "é"})))

    assert (message.id, message.method, msgspec.json.decode(message.params)) == (7, "do", {"x": "é"})


def test_notification_has_no_id_and_an_answer_no_method() -> None:
    assert decode(only_payload(notification("now", None))).id is None
    assert decode(only_payload(answer(1, [1]))).method is None


def test_refusal_carries_its_reason() -> None:
    message = decode(only_payload(refusal(1, -5, "no")))

    assert message.error is not None
    assert (message.error.code, message.error.message) == (-5, "no")


def test_other_headers_are_passed_over() -> None:
    data = b"Content-Type: x\r\ncontent-length: 2\r\n\r\n{}"

    assert FrameReader().feed(data) == [b"{}"]


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 99999999999\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Nothing: here\r\n\r\n",
        b"x" * 5000,
    ],
)
def test_stream_without_frames_is_named_as_such(data: bytes) -> None:
    reader = FrameReader()

    with pytest.raises(FrameError):
        reader.feed(data)


@pytest.mark.parametrize("payload", [b"", b"[1]", b'{"id": {}}', b"[" * 100_000])
def test_payload_that_is_no_message_is_named_as_such(payload: bytes) -> None:
    with pytest.raises(FrameError):
        decode(only_payload(frame(payload)) if payload else payload)
