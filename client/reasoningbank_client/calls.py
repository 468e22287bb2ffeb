"""What the sync and the async client share: everything but how they wait."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self, TypeVar

import msgspec
import zmq

from reasoningbank_client.answer import Answer, Wait
from reasoningbank_client.conversation import converse
from reasoningbank_client.errors import (
    ReasoningBankError,
    TooLargeError,
    UnreachableError,
    UnsendableError,
)
from reasoningbank_client.exchange import Exchange
from reasoningbank_client.link import Interest, Link
from reasoningbank_client.outcome import conclude
from reasoningbank_client.requests import How
from reasoningbank_client.sources import SYSTEM, Sources
from reasoningbank_schema.envelope import MAX_BODY_BYTES, Stored
from reasoningbank_schema.messages import Request
from reasoningbank_schema.paths import Paths, resolve_paths

Advice = TypeVar("Advice")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a client was made with; a call's `How` goes before it."""

    paths: Paths
    timeout_s: float
    wait: Wait
    spool: bool
    sources: Sources


class Call:
    """Hold one call under way: its exchange, and the point in time at which it ends."""

    def __init__(self, exchange: Exchange, *, timeout_s: float, deadline_s: float, spool: bool) -> None:
        self.exchange = exchange
        self.timeout_s = timeout_s
        self.deadline_s = deadline_s
        self.spool = spool
        self.trouble: ReasoningBankError | None = None


class Calls:
    """Begin, carry and conclude calls over one connection.

    Parameters
    ----------
    settings
        What holds for every call that does not say otherwise.
    context
        The ZeroMQ context to use, which stays the caller's; None makes one, ended by `close`.
    """

    def __init__(self, settings: Settings, *, context: zmq.Context[zmq.Socket[bytes]] | None) -> None:
        _check_timeout(settings.timeout_s)
        self.settings = settings
        self._own_context = context is None
        self._context = zmq.Context() if context is None else context
        self._link = Link(settings.paths.socket, self._context)

    def begin(self, request: Request, how: How) -> Call:
        """Start the clock of a call.

        Raises
        ------
        ValueError
            When the timeout is not a positive number of seconds.
        TooLargeError
            When no daemon would take a request of this size.
        UnsendableError
            When a text in it is not Unicode, or a number is too large to be sent.
        """
        settings = self.settings
        timeout_s = how.get("timeout_s", settings.timeout_s)
        _check_timeout(timeout_s)
        deadline_s = settings.sources.monotonic_s() + timeout_s
        try:
            exchange = Exchange(
                request,
                nonce=settings.sources.nonce(),
                sent_ns=settings.sources.now_ns(),
                wait=how.get("wait", settings.wait),
            )
        except (UnicodeEncodeError, OverflowError) as error:
            raise UnsendableError(_why_unsendable(request, error), stored=Stored.REFUSED) from error
        if len(exchange.body) > MAX_BODY_BYTES:
            raise TooLargeError(
                f"the request has {len(exchange.body)} bytes, the protocol allows {MAX_BODY_BYTES}. "
                "Send less of it"
            )
        spool = exchange.stores and how.get("spool", settings.spool)
        return Call(exchange, timeout_s=timeout_s, deadline_s=deadline_s, spool=spool)

    def carry(self, call: Call) -> Iterator[Interest]:
        """Yield what to wait for until the call is over; what went wrong is in ``call.trouble`` then."""
        try:
            yield from converse(
                self._link,
                call.exchange,
                deadline_s=call.deadline_s,
                monotonic_s=self.settings.sources.monotonic_s,
            )
        except UnreachableError as error:
            call.trouble = error

    def left_ms(self, call: Call) -> int:
        """Return what is left of a call's time, rounded up so that a poll does not return before its end."""
        return max(0, math.ceil((call.deadline_s - self.settings.sources.monotonic_s()) * 1000))

    def conclude(self, call: Call, kind: type[Advice]) -> Answer[Advice]:
        """Return the answer or raise; touches the spool, never the connection."""
        return conclude(
            call.exchange,
            kind,
            trouble=call.trouble,
            timeout_s=call.timeout_s,
            spool=self.settings.paths.spool if call.spool else None,
        )

    def close(self) -> None:
        """Drop the connection, and end the context if it is ours."""
        self._link.close()
        if self._own_context:
            self._context.term()


def _why_unsendable(request: Request, error: Exception) -> str:
    """Name the part of a request that can't be encoded, and what to send in its place."""
    for name, value in msgspec.structs.asdict(request).items():
        for text in value if isinstance(value, tuple) else (value,):
            place = _LONE_SURROGATE.search(text) if isinstance(text, str) else None
            if place:
                return (
                    f"{name!r} is not Unicode: character {place.start() + 1} is the lone surrogate "
                    f"U+{ord(place[0]):04X}, which UTF-8 has no form for; nothing was sent. Read bytes with "
                    f"errors='replace', or send text.encode('utf-8', 'replace').decode()"
                )
            if isinstance(text, int) and not -(2**63) <= text < 2**64:
                return f"{name!r} has more than 64 bits: {text}; nothing was sent. Send a smaller number"
    return f"the request can't be encoded: {error}; nothing was sent"


def _check_timeout(timeout_s: float) -> None:
    if not 0 < timeout_s < math.inf:
        raise ValueError(f"timeout_s is a positive number of seconds, not {timeout_s!r}: every call ends")


class Client:
    """Hold what a client is made with; `ReasoningBank` and `AsyncReasoningBank` have the calls.

    Parameters
    ----------
    paths
        Where the daemon is; `from_environment` finds it.
    agent
        The name under which this program's sessions are kept.
    timeout_s
        Seconds from a call to its end, unless the call says otherwise.
    wait
        Which half of the answer to an event is waited for, unless the call says otherwise.
    spool
        Keep an event that the daemon is not known to have stored, without its secrets, in the spool; the
        daemon takes it in later, once. Such a call returns: its answer's ``spooled`` is set.
    sources, context
        Time and randomness; a ZeroMQ context to share.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        agent: str = "program",
        timeout_s: float = 2.0,
        wait: Wait = Wait.BOTH,
        spool: bool = False,
        sources: Sources = SYSTEM,
        context: zmq.Context[zmq.Socket[bytes]] | None = None,
    ) -> None:
        settings = Settings(paths=paths, timeout_s=timeout_s, wait=wait, spool=spool, sources=sources)
        self._calls = Calls(settings, context=context)
        self.agent = agent

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        agent: str = "program",
        timeout_s: float = 2.0,
        wait: Wait = Wait.BOTH,
        spool: bool = False,
    ) -> Self:
        """Make a client for the daemon that an environment names, this process's own by default."""
        paths = resolve_paths(environment, home=Path.home())
        return cls(paths, agent=agent, timeout_s=timeout_s, wait=wait, spool=spool)
