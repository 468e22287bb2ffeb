"""Clients that ask one question after the other, each on a socket of its own, in processes beside the daemon's.

Messages are packed before the clock runs; what a client costs is then a send and a receive in Python, some 60 µs of
the machine for each answer.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import zmq

from reasoningbank_schema.envelope import Code, RequestHeader, Stored, pack_request, unpack_answer

PROCESSES = 2
DEADLINE_MS = 5_000
SILENCE_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Hold what clients saw: milliseconds to the answer that was waited for, and how many were of which kind."""

    times_ms: tuple[float, ...]
    seconds: float
    codes: dict[str, int]
    bodies: tuple[bytes, ...] = ()

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return len(self.times_ms) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time under which that share of the answers lies."""
        ordered = sorted(self.times_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ask_all(
    endpoint: str,
    bodies: Sequence[bytes],
    *,
    clients: int,
    stored: bool,
    keep_bodies: bool = False,
    processes: int = PROCESSES,
) -> Measured:
    """Let clients ask all bodies; an answer counts when the advice is final, or with ``stored`` when it is stored."""
    processes = min(processes, clients)
    context = multiprocessing.get_context("spawn")
    ready, start = context.Barrier(processes + 1), context.Barrier(processes + 1)
    results = context.SimpleQueue()
    workers = [
        context.Process(
            target=_work,
            args=(endpoint, list(bodies[number::processes]), clients // processes, stored, keep_bodies),
            kwargs={"ready": ready, "start": start, "results": results},
        )
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    start.wait()
    parts = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    return Measured(
        times_ms=tuple(time_ms for part in parts for time_ms in part.times_ms),
        seconds=max(part.seconds for part in parts),
        codes={code: sum(part.codes.get(code, 0) for part in parts) for part in parts for code in part.codes},
        bodies=tuple(body for part in parts for body in part.bodies),
    )


def _work(
    endpoint: str,
    bodies: list[bytes],
    clients: int,
    stored: bool,
    keep_bodies: bool,
    *,
    ready: Any,  # multiprocessing's barriers and queues have no public types
    start: Any,
    results: Any,
) -> None:
    context = zmq.Context()
    sockets = [context.socket(zmq.DEALER) for _ in range(clients)]
    poller = zmq.Poller()
    for socket in sockets:
        socket.connect(endpoint)
        poller.register(socket, zmq.POLLIN)
    ready.wait()
    start.wait()
    results.put(_ask(poller, sockets, bodies, stored=stored, keep_bodies=keep_bodies))
    context.destroy(linger=0)


def _ask(
    poller: zmq.Poller,
    sockets: list[zmq.Socket[bytes]],
    bodies: list[bytes],
    *,
    stored: bool,
    keep_bodies: bool,
) -> Measured:
    waiting: dict[bytes, float] = {}
    times: list[float] = []
    codes: dict[str, int] = {}
    kept: list[bytes] = []
    queue = iter(bodies)
    began = time.perf_counter()
    for socket in sockets:
        _send_next(socket, queue, waiting)
    while waiting:
        events = poller.poll(round(SILENCE_S * 1000))
        if not events:
            raise SystemExit(f"{len(waiting)} requests got no answer within {SILENCE_S:.0f} s")
        for socket, _ in events:
            raw, body = socket.recv_multipart()
            header = unpack_answer(raw)
            if header.nonce not in waiting:
                continue  # the other half of an answer that has been counted
            if header.stored is Stored.PENDING if stored else not header.advice_final:
                continue
            times.append(1e3 * (time.perf_counter() - waiting.pop(header.nonce)))
            name = header.stored.name if stored else Code(header.code).name
            codes[name] = codes.get(name, 0) + 1
            if keep_bodies:
                kept.append(body)
            _send_next(socket, queue, waiting)
    seconds = time.perf_counter() - began
    return Measured(times_ms=tuple(times), seconds=seconds, codes=codes, bodies=tuple(kept))


def _send_next(
    socket: zmq.Socket[bytes], queue: Any, waiting: dict[bytes, float]
) -> None:  # an iterator of bytes
    body = next(queue, None)
    if body is None:
        return
    nonce = os.urandom(16)
    header = RequestHeader(nonce=nonce, sent_ns=time.time_ns(), deadline_ms=DEADLINE_MS)
    waiting[nonce] = time.perf_counter()
    socket.send_multipart([pack_request(header), body])
