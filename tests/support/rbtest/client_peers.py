"""A ROUTER that answers a client as a test says, and one way to call both clients."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Self

import msgspec
import zmq

from reasoningbank_client import Answer, AsyncReasoningBank, ReasoningBank, Wait
from reasoningbank_schema.envelope import (
    AnswerHeader,
    Code,
    RequestHeader,
    Stored,
    pack_answer,
    unpack_request,
)
from reasoningbank_schema.messages import Failure, Reply, Request, decode_request, encode_reply
from reasoningbank_schema.paths import Paths


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a request as it came."""

    header: RequestHeader
    request: Request

    def answer(
        self,
        body: Reply | bytes = b"",
        *,
        code: Code = Code.OK,
        final: bool = True,
        stored: Stored = Stored.STORED,
        version: int = 1,
    ) -> list[bytes]:
        """Make one answer to it."""
        header = AnswerHeader(
            nonce=self.header.nonce, code=code, advice_final=final, stored=stored, version=version
        )
        return [pack_answer(header), body if isinstance(body, bytes) else encode_reply(body)]

    def failure(self, code: Code, *, stored: Stored = Stored.NOTHING, final: bool = True) -> list[bytes]:
        """Make an answer that says what went wrong, with the code's name as the reason."""
        return self.answer(Failure(message=f"because {code.name}"), code=code, stored=stored, final=final)


Behaviour = Callable[[Heard], Iterable[list[bytes]]]


class Peer:
    """Sits where a daemon would; ``heard`` has what it was sent."""

    def __init__(self, paths: Paths, behaviour: Behaviour) -> None:
        self.heard: list[Heard] = []
        self._behaviour = behaviour
        self._fault: Exception | None = None
        paths.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.bind(f"ipc://{paths.socket}")
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._wake_reader.close()
        self._context.term()
        if self._fault is not None:
            raise self._fault

    def hang_up(self) -> None:
        """Drop every connection and listen no more."""
        self._wake_writer.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        try:
            self._answer()
        except Exception as fault:  # noqa: BLE001 - raised where the test can see it
            self._fault = fault
        finally:
            self._socket.close(linger=0)

    def _answer(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake_reader, zmq.POLLIN)
        while self._wake_reader.fileno() not in dict(poller.poll()):
            identity, header, body = self._socket.recv_multipart()
            heard = Heard(header=unpack_request(header), request=decode_request(body))
            self.heard.append(heard)
            for frames in self._behaviour(heard):
                self._socket.send_multipart([identity, *frames])


class Caller:
    """Makes one call with a new client of either kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def call(
        self,
        paths: Paths,
        name: str,
        *args: object,
        timeout_s: float = 10,
        spool: bool = False,
        wait: Wait = Wait.BOTH,
        **options: object,
    ) -> Any:  # Any: each named call has its own type
        """Return what ``name(*args, **options)`` returns, or raise what it raises."""
        if self.kind == "sync":
            with ReasoningBank(paths, timeout_s=timeout_s, spool=spool, wait=wait) as bank:
                return getattr(bank, name)(*args, **options)

        async def ask() -> object:
            async with AsyncReasoningBank(paths, timeout_s=timeout_s, spool=spool, wait=wait) as bank:
                return await getattr(bank, name)(*args, **options)

        return asyncio.run(ask())

    def event(
        self, paths: Paths, *, timeout_s: float = 10, spool: bool = False, wait: Wait = Wait.BOTH
    ) -> Answer[None]:
        """Report a command."""
        answer: Answer[None] = self.call(
            paths, "post_command", "s", "make", exit_status=0, timeout_s=timeout_s, spool=spool, wait=wait
        )
        return answer
