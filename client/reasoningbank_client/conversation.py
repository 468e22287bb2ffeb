"""The course of one call: connect, send, receive, and send again when the daemon was restarted meanwhile.

A generator, so that the two clients differ in nothing but how they wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import zmq

from reasoningbank_client.errors import DaemonAbsentError
from reasoningbank_client.exchange import Exchange
from reasoningbank_client.link import Interest, Link
from reasoningbank_schema.messages import Control, ControlAction

ATTEMPTS = 3
"""How many connections one call may lose: whoever hangs up on us thrice will do so again."""

MESSAGES_A_ROUND = 1000
"""How many messages are read between two looks at the clock; a flood of stray ones must not outlast it."""


def converse(
    link: Link, exchange: Exchange, *, deadline_s: float, monotonic_s: Callable[[], float]
) -> Iterator[Interest]:
    """Carry a request to the daemon and its answers back; yield what to wait for.

    The caller waits until one of the yielded sockets is ready or ``deadline_s`` (a point on the clock
    ``monotonic_s``) has passed, and comes back. The end means that the exchange is done or its time is over.

    Raises
    ------
    UnreachableError
        When there is no daemon, or it hung up on each attempt.
    """
    ends_daemon = exchange.request == Control(action=ControlAction.STOP)
    for attempt in range(ATTEMPTS):
        link.open()
        while not link.send(exchange.frames(deadline_ms=_left_ms(deadline_s, monotonic_s), copy=attempt > 0)):
            if link.lost():
                break
            yield link.interest(zmq.POLLOUT)
            if monotonic_s() >= deadline_s:
                return
        else:
            exchange.sent = True
            yield from _listen(link, exchange, deadline_s=deadline_s, monotonic_s=monotonic_s)
            if exchange.done or monotonic_s() >= deadline_s:
                return
            if ends_daemon:
                # Its last answer may be lost with it; asking the next daemon to stop is not what was meant.
                exchange.end()
                return
        link.close()
    raise DaemonAbsentError(
        f"the daemon hung up {ATTEMPTS} times without an answer. See why: reasoningbank logs"
    )


def _listen(
    link: Link, exchange: Exchange, *, deadline_s: float, monotonic_s: Callable[[], float]
) -> Iterator[Interest]:
    """Feed what arrives to the exchange until it is done, the connection is lost, or the time is over."""
    while True:
        # Both are asked before reading: what came before the loss, or at the last moment, counts.
        lost = link.lost()
        late = monotonic_s() >= deadline_s
        for _ in range(MESSAGES_A_ROUND):
            if (message := link.receive()) is None:
                break
            exchange.feed(message)
            if exchange.done:
                return
        if lost or late:
            return
        yield link.interest(zmq.POLLIN)


def _left_ms(deadline_s: float, monotonic_s: Callable[[], float]) -> int:
    return max(0, math.floor((deadline_s - monotonic_s()) * 1000))
