"""One request and its answers, without a socket: feed it messages until it is done.

Both clients share it; `docs/protocol.md` is what it follows.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reasoningbank_client.answer import Wait
from reasoningbank_schema.envelope import (
    PROTOCOL_VERSION,
    AnswerHeader,
    Code,
    EnvelopeError,
    RequestHeader,
    Stored,
    pack_request,
    unpack_answer,
)
from reasoningbank_schema.messages import (
    Control,
    Done,
    Failure,
    HookEvent,
    Recall,
    Receipt,
    Reply,
    Request,
    Status,
    decode_reply,
    encode_request,
)

QUESTIONS = (Recall, Status, Control)
"""Requests that have nothing to store."""

LAST_WORDS = frozenset(
    {
        Code.WRONG_VERSION,
        Code.UNKNOWN_MESSAGE,
        Code.MALFORMED,
        Code.REFUSED,
        Code.TOO_LARGE,
        Code.STOPPING,
    }
)
"""Codes after which no second answer comes."""

DEADLINE_LIMIT_MS = 2**32 - 1


class Exchange:
    """Collect the answers of one request, in whichever order they come.

    Messages that are no answer, or the answer to another request (a late one, a copy), are ignored: they are no news
    about this one.

    Parameters
    ----------
    request
        What is asked.
    nonce
        16 bytes, unique; every copy of the request keeps them.
    sent_ns
        The wall clock at the call, in nanoseconds since the epoch.
    wait
        Which half makes it ``done``; a question has but one.
    """

    def __init__(self, request: Request, *, nonce: bytes, sent_ns: int, wait: Wait = Wait.BOTH) -> None:
        self.request = request
        self.nonce = nonce
        self.sent_ns = sent_ns
        self.body = encode_request(request)
        self.wait = wait
        self.stores = not isinstance(request, QUESTIONS)
        self.advice: Reply | bytes | None = None
        self.advice_final = False
        self.stored = Stored.PENDING
        self.receipt: Receipt | None = None
        self.code: Code | None = None
        self.why = ""
        self.stored_why = ""
        self.failed = False
        self.version = PROTOCOL_VERSION
        self.defect = ""
        self.sent = False
        self._ended = False

    def frames(self, *, deadline_ms: int, copy: bool = False) -> list[bytes]:
        """Return the two frames to send; ``deadline_ms`` is what is left of the caller's patience."""
        header = RequestHeader(
            nonce=self.nonce,
            sent_ns=self.sent_ns,
            # 0 would mean the daemon's default.
            deadline_ms=min(max(deadline_ms, 1), DEADLINE_LIMIT_MS),
            copy=copy,
        )
        return [pack_request(header), self.body]

    @property
    def done(self) -> bool:
        """Say whether everything that was waited for is in, or nothing more can come."""
        if self._ended:
            return True
        if not self.stores or self.wait is Wait.ADVICE:
            return self.advice_final
        settled = self.stored is not Stored.PENDING
        return settled and (self.advice_final or self.wait is Wait.STORED)

    def end(self) -> None:
        """Take silence for an answer: the request was one that ends the daemon."""
        self._ended = True
        self.advice_final = True

    def feed(self, message: Sequence[bytes]) -> None:
        """Take one message in; anything that is not an answer to this request is skipped."""
        header = _own_header(message, self.nonce)
        if header is None:
            return
        if header.version != PROTOCOL_VERSION:
            self.version = header.version
            self.code = Code.WRONG_VERSION
            self._ended = True
            return
        completes = header.advice_final and not self.advice_final
        self.advice_final = self.advice_final or header.advice_final
        if header.stored is not Stored.PENDING:
            self.stored = header.stored
        # The second answer's OK does not take back what the first said of the advice.
        if self.code in (None, Code.OK) and (completes or header.code is not Code.OK):
            self.code = header.code
        if isinstance(self.request, HookEvent) and header.code is Code.OK:
            if completes:
                self.advice = message[1]
        elif message[1]:
            self._read(message[1], header)
        self._ended = self._ended or header.code in LAST_WORDS

    def _read(self, body: bytes, header: AnswerHeader) -> None:
        try:
            reply = decode_reply(body)
        except msgspec.DecodeError as error:
            self.defect = f"the body of its answer can't be read: {error}"
            self._ended = True
            return
        match reply:
            case Receipt():
                self.receipt = reply
            case Failure() if header.code is Code.OK and header.stored in (Stored.NOT_STORED, Stored.REFUSED):
                self.stored_why = reply.message
            case Failure():
                self.failed = True
                self.why = reply.message
            case Done():
                pass  # there was nothing to say, and that is said
            case _:
                self.advice = reply


def _own_header(message: Sequence[bytes], nonce: bytes) -> AnswerHeader | None:
    if len(message) != 2:
        return None
    try:
        header = unpack_answer(message[0])
    except EnvelopeError:
        return None
    return header if header.nonce == nonce else None
