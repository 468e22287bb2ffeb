"""JSON-RPC 2.0 messages in `Content-Length` frames, as the Language Server Protocol puts them on a pipe."""

from __future__ import annotations

import msgspec

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""A longer announced message means that the stream is not what it should be."""

_MAX_HEADER_BYTES = 4096


class FrameError(Exception):
    """The stream does not hold frames; there is no way to find the next one."""


class RpcError(msgspec.Struct, frozen=True, kw_only=True):
    """Why the other side could not answer."""

    code: int
    message: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One incoming message: a request has `method` and `id`, an answer `id` alone, a notification `method`.

    `params` and `result` stay undecoded until somebody knows their type.
    """

    method: str | None = None
    id: int | str | None = None
    params: msgspec.Raw = msgspec.Raw(b"null")
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: RpcError | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Message)


def frame(payload: bytes) -> bytes:
    """Put one message into a frame."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(payload), payload)


def request(identity: int, method: str, params: object) -> bytes:
    """Return the frame of a request."""
    return frame(_encoder.encode({"jsonrpc": "2.0", "id": identity, "method": method, "params": params}))


def notification(method: str, params: object) -> bytes:
    """Return the frame of a message that wants no answer."""
    return frame(_encoder.encode({"jsonrpc": "2.0", "method": method, "params": params}))


def answer(identity: int | str, result: object) -> bytes:
    """Return the frame of an answer."""
    return frame(_encoder.encode({"jsonrpc": "2.0", "id": identity, "result": result}))


def refusal(identity: int | str, code: int, message: str) -> bytes:
    """Return the frame of an answer that says why there is no result."""
    return frame(
        _encoder.encode({"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": message}})
    )


def decode(payload: bytes) -> Message:
    """Return the message in a frame's payload; raise `FrameError` where it is not one."""
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError) as error:
        raise FrameError(f"not a JSON-RPC message: {error}") from error


class FrameReader:
    """Cuts a stream into the payloads of its frames, however the bytes come."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Take in `data`, return the payloads that are complete now; raise `FrameError` on anything else."""
        self._buffer += data
        payloads = []
        while (payload := self._next()) is not None:
            payloads.append(payload)
        return payloads

    def _next(self) -> bytes | None:
        if self._length is None:
            self._length = self._read_header()
        if self._length is None or len(self._buffer) < self._length:
            return None
        payload = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._length = None
        return payload

    def _read_header(self) -> int | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEADER_BYTES:
                raise FrameError(f"no frame header in the first {_MAX_HEADER_BYTES} bytes")
            return None
        header = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        for line in header.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
                if length > MAX_MESSAGE_BYTES:
                    raise FrameError(
                        f"a message of {length} bytes is announced, the limit is {MAX_MESSAGE_BYTES}"
                    )
                return length
        raise FrameError("a frame header has no Content-Length")
