"""The poller thread: reads every frame, answers control itself, passes the rest on, sends what comes back."""

from __future__ import annotations

import enum
import math
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
import zmq
from zmq.backend import Socket as RawSocket  # without the checks of arguments, which cost as much as to send

from reasoningbank_schema.paths import SOCKET_PATH_LIMIT_BYTES, Paths

if TYPE_CHECKING:
    from reasoningbank_daemon.server.outbox import Outbox

log = structlog.get_logger(__name__)

READ_BURST = 128
"""Requests read before results are sent again: a flood of one must not starve the other."""

WAITING_PER_CLIENT = 256
"""Requests of one connection that wait in memory; a client that sends faster than it is read has to wait itself."""

TICK_MS = 500
"""How often the loop looks up when nothing happens and nobody waits: service-manager pings and the idle check."""

_MORE_COMES, _NO_MORE = int(zmq.NOBLOCK | zmq.SNDMORE), int(zmq.NOBLOCK)
"""To join flags anew for each frame would cost as much as to send it."""

Frames = list[bytes]


class SocketPathError(Exception):
    """The socket's path can't be used."""


class State(enum.StrEnum):
    """Name where in its life the server is."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"
    CLOSED = "closed"


class Loop:
    """Own the ROUTER socket; everything here runs on the thread that calls `run`.

    Parameters
    ----------
    paths
        Where the socket is bound.
    outbox
        What other threads put their results into.
    on_frames
        Called with each request's frames, identity first.
    on_tick
        Called about every half second, after each burst, and once as many seconds have passed as it returned; never
        for longer than a moment.
    on_unsent
        Called for each answer whose receiver was gone or too slow: a ROUTER drops them silently.
    """

    def __init__(
        self,
        *,
        paths: Paths,
        outbox: Outbox,
        on_frames: Callable[[Frames], None],
        on_tick: Callable[[], float],
        on_unsent: Callable[[], None],
    ) -> None:
        self._paths = paths
        self._outbox = outbox
        self._on_frames = on_frames
        self._on_tick = on_tick
        self._on_unsent = on_unsent
        self._context = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self._stopping = False
        self.state = State.STARTING

    def bind(self) -> None:
        """Bind the socket; the caller holds the daemon's lock, so a socket file that is there is stale.

        Raises
        ------
        SocketPathError
            When the path is too long for a Unix socket, or can't be bound.
        """
        path = self._paths.socket
        length = len(os.fsencode(path))
        if length > SOCKET_PATH_LIMIT_BYTES:
            raise SocketPathError(
                f"the socket path has {length} bytes, but a Unix socket's may have {SOCKET_PATH_LIMIT_BYTES}: {path}. "
                "Set RB_HOME (or XDG_RUNTIME_DIR) to a shorter folder"
            )
        path.unlink(missing_ok=True)
        self._router.setsockopt(zmq.LINGER, 0)
        self._router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._router.setsockopt(zmq.SNDHWM, 10_000)
        self._router.setsockopt(zmq.RCVHWM, WAITING_PER_CLIENT)
        self._router.setsockopt(zmq.MAXMSGSIZE, 64 * 1024 * 1024 + 1024)
        self._router.setsockopt(zmq.BACKLOG, 1024)
        try:
            self._router.bind(self._paths.endpoint)
        except zmq.ZMQError as error:
            raise SocketPathError(f"can't bind {path}: {error}. Is its folder ours and writable?") from error

    def run(self) -> None:
        """Serve until `stop`; then send what is ready and return with the socket still open."""
        poller = self._outbox_poller()
        poller.register(self._router, zmq.POLLIN)
        self.state = State.SERVING
        sleep_s = 0.0
        while not self._stopping:
            self._sleep(poller, sleep_s)
            self.deliver()
            self._read_burst()
            sleep_s = self._on_tick()
        self.state = State.DRAINING

    def drain(self, ended: threading.Event) -> None:
        """Go on sending until something has ended, which then wakes the outbox; nothing is read any more."""
        poller = self._outbox_poller()
        sleep_s = 0.0
        while not ended.is_set():
            self._sleep(poller, sleep_s)
            self.deliver()
            sleep_s = self._on_tick()
        self.deliver()

    def stop(self) -> None:
        """Make `run` return after its current round; safe from a signal handler and from any thread."""
        self._stopping = True
        self._outbox.wake()

    def deliver(self) -> None:
        """Send every result that waits in the outbox."""
        for delivery in self._outbox.take():
            delivery()

    def send(self, frames: Frames) -> None:
        """Send an answer; ``on_unsent`` hears of one whose receiver is gone or does not read."""
        *leading, last = frames
        try:
            for frame in leading:
                RawSocket.send(self._router, frame, _MORE_COMES)
            RawSocket.send(self._router, last, _NO_MORE)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            self._on_unsent()

    def close(self) -> None:
        """Close the socket and remove its file."""
        self._router.close(linger=200)
        self._context.term()
        self._paths.socket.unlink(missing_ok=True)
        self.state = State.CLOSED

    def _outbox_poller(self) -> zmq.Poller:
        poller = zmq.Poller()
        poller.register(self._outbox.fileno(), zmq.POLLIN)
        return poller

    def _sleep(self, poller: zmq.Poller, sleep_s: float) -> None:
        # Rounded up: to wake before the moment would be to look in vain, again and again.
        ready = poller.poll(math.ceil(min(TICK_MS, max(0.0, sleep_s * 1000))))
        if any(who == self._outbox.fileno() for who, _ in ready):
            self._outbox.answer_wake()

    def _receive(self) -> Frames:
        """Take one request; a frame knows whether another follows, of which `recv_multipart` would ask the socket."""
        frames: Frames = []
        more = True
        while more:
            frame = self._router.recv(_NO_MORE, copy=False)
            frames.append(frame.bytes)
            more = frame.more
        return frames

    def _read_burst(self) -> None:
        for _ in range(READ_BURST):
            try:
                frames = self._receive()
            except zmq.Again:
                return
            self._on_frames(frames)
        # More may wait: do not sleep before having looked.
        self._outbox.wake()
