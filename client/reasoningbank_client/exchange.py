"""One request and its answers, without a socket: both clients feed it frames until it is done."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from reasoningbank_client.errors import BusyError, DeadlineError, ProtocolError, RefusedError
from reasoningbank_schema.envelope import (
    Code,
    EnvelopeError,
    RequestHeader,
    Stored,
    pack_request,
    unpack_answer,
)
from reasoningbank_schema.messages import (
    Failure,
    HookEvent,
    Receipt,
    Reply,
    Request,
    decode_reply,
    encode_request,
)

T = TypeVar("T")


class Answer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Hold both halves of what the daemon said.

    ``advice`` is None when there was none to give; ``receipt`` is set when the event is stored.
    """

    advice: T | None
    stored: Stored
    receipt: Receipt | None = None


class Exchange:
    """Collect the answers of one request; frames of other requests are skipped."""

    def __init__(self, request: Request, *, nonce: bytes, sent_ns: int, deadline_ms: int) -> None:
        self.header = pack_request(RequestHeader(nonce=nonce, sent_ns=sent_ns, deadline_ms=deadline_ms))
        self.body = encode_request(request)
        self._nonce = nonce
        self._raw = isinstance(request, HookEvent)
        self._advice: Reply | bytes | None = None
        self._receipt: Receipt | None = None
        self._advice_final = False
        self._stored = Stored.PENDING

    @property
    def done(self) -> bool:
        """Say whether both halves are in."""
        return self._advice_final and self._stored is not Stored.PENDING

    def feed(self, frames: list[bytes]) -> None:
        """Take one message in.

        Raises
        ------
        BusyError, DeadlineError, RefusedError, ProtocolError
            What the answer's code says.
        """
        try:
            header_frame, body = frames
            header = unpack_answer(header_frame)
        except (ValueError, EnvelopeError) as error:
            raise ProtocolError(f"the daemon sent something that is no answer: {error}") from error
        if header.nonce != self._nonce:
            return
        if header.code is not Code.OK:
            raise _error(header.code, body)
        first_final = header.advice_final and not self._advice_final
        self._advice_final = header.advice_final
        self._stored = header.stored
        if self._raw:
            if first_final:
                self._advice = body
            return
        if not body:
            return
        try:
            reply = decode_reply(body)
        except msgspec.MsgspecError as error:
            raise ProtocolError(f"the daemon's answer can't be read: {error}") from error
        if isinstance(reply, Receipt):
            self._receipt = reply
        else:
            self._advice = reply

    def answer(self, kind: type[T]) -> Answer[T]:
        """Return what came, checked against the type that was asked for."""
        advice = self._advice
        if advice is not None and not isinstance(advice, kind):
            raise ProtocolError(f"expected {kind.__name__}, the daemon sent {type(advice).__name__}")
        return Answer(advice=advice, stored=self._stored, receipt=self._receipt)


def _error(code: Code, body: bytes) -> Exception:
    try:
        reply = decode_reply(body)
        message = reply.message if isinstance(reply, Failure) else ""
    except msgspec.MsgspecError:
        message = ""
    text = f"{message or code.name.lower()} ({code.name})"
    match code:
        case Code.BUSY:
            return BusyError(text)
        case Code.LATE:
            return DeadlineError(text)
        case Code.REFUSED | Code.TOO_LARGE | Code.MALFORMED:
            return RefusedError(text)
        case _:
            return ProtocolError(text)
