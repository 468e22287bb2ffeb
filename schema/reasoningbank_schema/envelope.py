"""The frames on the wire: the only module that knows their layout.

A request is two frames, ``[header][body]``; so is an answer. The header is a fixed binary record, so that a
client without any library (the hook program) can build and read it, and so that a request can be answered
even when its body can't be understood. `docs/protocol.md` is the authority; its examples are tested.

Request header, 32 bytes, big-endian::

    0  2  magic "RB"
    2  1  protocol version
    3  1  flags: bit 0 = a copy (resent, or out of the spool)
    4  16 nonce: one per call, kept by every copy of it
    20 8  sender's wall clock, nanoseconds since the epoch
    28 4  deadline, milliseconds after the daemon has read the request; 0 = the daemon's default

Answer header, 24 bytes::

    0  2  magic "RB"
    2  1  protocol version
    3  1  code (`Code`)
    4  1  advice: 0 = still to come, 1 = final (the body holds it; empty = nothing to say)
    5  1  stored (`Stored`)
    6  2  zero
    8  16 nonce of the request

One request may get two answers: one when the advice is ready, one when its event is on disk. Advice never
waits for the disk. A client is done when it has seen both. The body of the first is the advice, that of the
second a `messages.Receipt`, or a `messages.Failure` that says why the event is not stored; for a hook event
the advice is what the hook prints, byte for byte, and the body of an answer that only says `stored` is empty.
"""

from __future__ import annotations

import enum
import struct

import msgspec

PROTOCOL_VERSION = 1
MAGIC = b"RB"
NONCE_BYTES = 16
FLAG_COPY = 0x01

_REQUEST = struct.Struct(">2sBB16sQI")
_ANSWER = struct.Struct(">2sBBBBxx16s")
REQUEST_HEADER_BYTES = _REQUEST.size
ANSWER_HEADER_BYTES = _ANSWER.size
MAX_BODY_BYTES = 64 * 1024 * 1024


class Code(enum.IntEnum):
    """Say what became of a request; also the process-independent name of each protocol error."""

    OK = 0
    BUSY = 1  # no worker was free: no advice; the event itself is stored all the same
    WRONG_VERSION = 2
    UNKNOWN_MESSAGE = 3  # the body's type is not one of `messages.Request`
    MALFORMED = 4  # the body is not MessagePack, or a field is missing or of the wrong type
    REFUSED = 5  # the payload can't be understood and never will be: do not send it again
    TOO_LARGE = 6
    STOPPING = 7
    INTERNAL = 8  # a defect in the daemon; its log has the request id
    LATE = 9  # the deadline passed before the advice was ready


class Stored(enum.IntEnum):
    """Say whether the event of a request is on disk."""

    PENDING = 0  # a second answer will say
    STORED = 1  # committed and synced
    NOT_STORED = 2  # not now: keep it and send it again
    REFUSED = 3  # never: do not send it again
    NOTHING = 4  # this request has nothing to store


class EnvelopeError(ValueError):
    """A frame is not a header of this protocol."""


class RequestHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Carry what is known of a request before its body is read."""

    nonce: bytes
    sent_ns: int
    deadline_ms: int = 0
    version: int = PROTOCOL_VERSION
    copy: bool = False


class AnswerHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Carry what is known of an answer before its body is read."""

    nonce: bytes
    code: Code = Code.OK
    advice_final: bool = True
    stored: Stored = Stored.NOTHING
    version: int = PROTOCOL_VERSION


def pack_request(header: RequestHeader) -> bytes:
    r"""Encode a request header as its 32 bytes.

    Examples
    --------
    >>> pack_request(RequestHeader(nonce=bytes(16), sent_ns=1, deadline_ms=150))[:4]
    b'RB\x01\x00'
    """
    if len(header.nonce) != NONCE_BYTES:
        raise EnvelopeError(f"a nonce has {NONCE_BYTES} bytes, this one {len(header.nonce)}")
    flags = FLAG_COPY if header.copy else 0
    return _REQUEST.pack(MAGIC, header.version, flags, header.nonce, header.sent_ns, header.deadline_ms)


def unpack_request(frame: bytes) -> RequestHeader:
    """Decode a request header; the version is returned, not judged.

    Raises
    ------
    EnvelopeError
        When the frame has another length or does not start with the magic.
    """
    if len(frame) != REQUEST_HEADER_BYTES:
        raise EnvelopeError(f"a request header has {REQUEST_HEADER_BYTES} bytes, this one {len(frame)}")
    magic, version, flags, nonce, sent_ns, deadline_ms = _REQUEST.unpack(frame)
    if magic != MAGIC:
        raise EnvelopeError("the header does not start with 'RB'")
    return RequestHeader(
        nonce=nonce, sent_ns=sent_ns, deadline_ms=deadline_ms, version=version, copy=bool(flags & FLAG_COPY)
    )


def pack_answer(header: AnswerHeader) -> bytes:
    """Encode an answer header as its 24 bytes."""
    return _ANSWER.pack(
        MAGIC, header.version, header.code, int(header.advice_final), header.stored, header.nonce
    )


def unpack_answer(frame: bytes) -> AnswerHeader:
    """Decode an answer header.

    Raises
    ------
    EnvelopeError
        When the frame is not an answer header, or names a code or a state that this version does not have.
    """
    if len(frame) != ANSWER_HEADER_BYTES:
        raise EnvelopeError(f"an answer header has {ANSWER_HEADER_BYTES} bytes, this one {len(frame)}")
    magic, version, code, advice, stored, nonce = _ANSWER.unpack(frame)
    if magic != MAGIC:
        raise EnvelopeError("the header does not start with 'RB'")
    try:
        return AnswerHeader(
            nonce=nonce, code=Code(code), advice_final=bool(advice), stored=Stored(stored), version=version
        )
    except ValueError as error:
        raise EnvelopeError(str(error)) from error
