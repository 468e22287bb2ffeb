"""The wire by hand: a DEALER that sends frames and collects the answers of one nonce."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import zmq

from reasoningbank_schema.envelope import (
    AnswerHeader,
    RequestHeader,
    Stored,
    pack_request,
    unpack_answer,
)
from reasoningbank_schema.messages import Request, encode_request


@dataclass
class Answers:
    """What came back for one request."""

    nonce: bytes
    headers: list[AnswerHeader]
    bodies: list[bytes]

    @property
    def stored(self) -> Stored:
        return self.headers[-1].stored

    @property
    def advice(self) -> bytes:
        """The body of the answer in which the advice became final."""
        for header, body in zip(self.headers, self.bodies, strict=True):
            if header.advice_final:
                return body
        raise AssertionError("no final advice")


class Wire:
    """One connection; not for several threads."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._socket.connect(endpoint)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close(linger=0)
        self._context.term()

    def send(self, request: Request, *, nonce: bytes | None = None, deadline_ms: int = 1000) -> bytes:
        """Send a request and return its nonce."""
        nonce = nonce or os.urandom(16)
        header = RequestHeader(nonce=nonce, sent_ns=time.time_ns(), deadline_ms=deadline_ms)
        self.send_frames([pack_request(header), encode_request(request)])
        return nonce

    def send_frames(self, frames: list[bytes]) -> None:
        """Send frames as they are, well-formed or not."""
        if not self._socket.poll(5000, zmq.POLLOUT):
            raise AssertionError("not connected")
        self._socket.send_multipart(frames)

    def receive(self, *, timeout_s: float) -> tuple[AnswerHeader, bytes] | None:
        """Return the next answer, None when none came in time."""
        if not self._socket.poll(round(timeout_s * 1000)):
            return None
        header, body = self._socket.recv_multipart()
        return unpack_answer(header), body

    def ask(
        self,
        request: Request,
        *,
        nonce: bytes | None = None,
        timeout_s: float = 10,
        deadline_ms: int = 5000,
    ) -> Answers | None:
        """Send a request and wait until both its halves are in; None when they are not in time."""
        sent = self.send(request, nonce=nonce, deadline_ms=deadline_ms)
        return self.collect(sent, timeout_s=timeout_s)

    def collect(
        self, nonce: bytes, *, timeout_s: float = 10, given_up: Callable[[], bool] = lambda: False
    ) -> Answers | None:
        """Wait for both halves of a request that was sent before, until the timeout or until it is given up."""
        end = time.monotonic() + timeout_s
        answers = Answers(nonce=nonce, headers=[], bodies=[])
        while (left := end - time.monotonic()) > 0 and not given_up():
            got = self.receive(timeout_s=min(left, 0.05))
            if got is None:
                continue
            header, body = got
            if header.nonce != nonce:
                continue
            answers.headers.append(header)
            answers.bodies.append(body)
            if header.advice_final and header.stored is not Stored.PENDING:
                return answers
        return None
