"""What may sit at the other end of the hook's socket: a ROUTER that follows the protocol, and peers that do not."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import zmq

from reasoningbank_schema.envelope import (
    AnswerHeader,
    Code,
    RequestHeader,
    Stored,
    pack_answer,
    unpack_request,
)
from reasoningbank_schema.messages import HookEvent, decode_request


@dataclass
class Request:
    header: RequestHeader
    event: HookEvent


Answer = tuple[AnswerHeader, bytes]
Behaviour = Callable[[Request], Iterable[Answer]]


def answer(
    request: Request,
    advice: bytes = b"",
    *,
    code: Code = Code.OK,
    final: bool = True,
    stored: Stored = Stored.STORED,
) -> Answer:
    """Make one answer to a request."""
    header = AnswerHeader(nonce=request.header.nonce, code=code, advice_final=final, stored=stored)
    return header, advice


class Router:
    """A pyzmq ROUTER in a thread that notes what it gets and answers as it is told."""

    def __init__(self, path: str, behaviour: Behaviour, *, owner: int | None) -> None:
        self.requests: list[Request] = []
        self._behaviour = behaviour
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, 64 << 20)
        self._socket.bind(f"ipc://{path}")
        if owner is not None:
            os.chown(path, owner, owner)
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wake_writer.close()
        self._thread.join(timeout=10)
        self._wake_reader.close()
        self._context.term()

    def _serve(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake_reader, zmq.POLLIN)
        while self._wake_reader.fileno() not in dict(poller.poll()):
            frames = self._socket.recv_multipart()
            event = decode_request(frames[2])
            assert isinstance(event, HookEvent)
            request = Request(unpack_request(frames[1]), event)
            self.requests.append(request)
            for header, body in self._behaviour(request):
                self._socket.send_multipart([frames[0], pack_answer(header), body])
        self._socket.close(linger=0)


class RawPeer:
    """A Unix socket whose connections are handled by a function; for everything that is no ZMTP."""

    def __init__(self, path: str, handle: Callable[[socket.socket], None], *, owner: int | None) -> None:
        self._handle = handle
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        if owner is not None:
            os.chown(path, owner, owner)
        self._listener.listen(16)
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone would leave it listening for as long as the thread waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=10)
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            try:
                self._handle(connection)
            except OSError:
                connection.close()  # the hook has left


GREETING = b"\xff" + b"\0" * 8 + b"\x7f\x03\x00NULL" + b"\0" * 48
READY = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"


def leave_stale_socket(path: str, *, owner: int | None) -> None:
    """Leave a socket file that nobody listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
    if owner is not None:
        os.chown(path, owner, owner)
    assert Path(path).is_socket()
