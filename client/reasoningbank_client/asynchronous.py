"""The client for asyncio programs: the same calls, awaited."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import zmq
import zmq.asyncio

from reasoningbank_client import requests
from reasoningbank_client.answer import Answer
from reasoningbank_client.calls import Call, Client
from reasoningbank_client.errors import DeadlineError
from reasoningbank_client.link import Interest
from reasoningbank_client.outcome import required
from reasoningbank_client.requests import Asked, How, documented
from reasoningbank_schema.messages import Request

Advice = TypeVar("Advice")
P = ParamSpec("P")


def _event(
    ask: Callable[Concatenate[str, P], Asked[Advice]],
) -> Callable[Concatenate[AsyncReasoningBank, P], Coroutine[Any, Any, Answer[Advice]]]:
    """Make a method that returns both halves of the answer."""
    # Coroutine[Any, Any, …]: what every ``async def`` is; nobody sends anything into one.

    async def method(self: AsyncReasoningBank, /, *args: P.args, **kwargs: P.kwargs) -> Answer[Advice]:
        asked = ask(self.agent, *args, **kwargs)
        return await self.call(asked.request, asked.kind, **asked.how)

    return documented(method, ask)


def _question(
    ask: Callable[Concatenate[str, P], Asked[Advice]],
) -> Callable[Concatenate[AsyncReasoningBank, P], Coroutine[Any, Any, Advice]]:
    """Make a method that returns the reply alone."""

    async def method(self: AsyncReasoningBank, /, *args: P.args, **kwargs: P.kwargs) -> Advice:
        asked = ask(self.agent, *args, **kwargs)
        return required(await self.call(asked.request, asked.kind, **asked.how), asked.kind)

    return documented(method, ask)


class AsyncReasoningBank(Client):
    """Talk to the daemon from one event loop; what `ReasoningBank` says of calls and parameters holds here.

    Calls of one client take turns, in the order in which they were made, and the wait for one's turn counts
    against its timeout. Clients are cheap: where calls should overlap, make several. A cancelled call leaves
    the client usable; an event that was sent may have been stored.
    """

    @functools.cached_property
    def _turn(self) -> asyncio.Lock:
        return asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection once the calls under way are over; the client can't be used again."""
        async with self._turn:
            self._calls.close()

    async def call(self, request: Request, kind: type[Advice], **how: Unpack[How]) -> Answer[Advice]:
        """Send any request and return its answer; the named calls below are shorter.

        Raises
        ------
        ReasoningBankError
            One of its kinds.
        """
        call = self._calls.begin(request, how)
        if await self._own_turn(call):
            try:
                for interest in self._calls.carry(call):
                    await _wait(interest, timeout_ms=self._calls.left_ms(call))
            finally:
                self._turn.release()
        if call.spool:  # which may write to the disk
            return await asyncio.to_thread(self._calls.conclude, call, kind)
        return self._calls.conclude(call, kind)

    async def _own_turn(self, call: Call) -> bool:
        try:
            async with asyncio.timeout(self._calls.left_ms(call) / 1000):
                await self._turn.acquire()
        except TimeoutError:
            call.trouble = DeadlineError(
                f"earlier calls of this client took all of the {call.timeout_s:g} s. "
                "Make one client for each stream of calls"
            )
            return False
        return True

    start_session = _event(requests.start_session)
    end_session = _event(requests.end_session)
    pre_task = _event(requests.pre_task)
    post_edit = _event(requests.post_edit)
    post_command = _event(requests.post_command)
    post_task = _event(requests.post_task)
    feedback = _event(requests.feedback)
    remember = _event(requests.remember)
    hook_event = _event(requests.hook_event)

    recall = _question(requests.recall)
    status = _question(requests.status)
    ping = _question(requests.ping)
    stop = _question(requests.stop)
    reload = _question(requests.reload)
    drain_spool = _question(requests.drain_spool)


async def _wait(interest: Interest, *, timeout_ms: int) -> None:
    poller = zmq.asyncio.Poller()
    for socket, flags in interest:
        poller.register(socket, flags)
    await poller.poll(timeout_ms)
