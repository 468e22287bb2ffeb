"""The client for ordinary programs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar, Unpack

import zmq

from reasoningbank_client import requests
from reasoningbank_client.answer import Answer
from reasoningbank_client.calls import Client
from reasoningbank_client.link import Interest
from reasoningbank_client.outcome import required
from reasoningbank_client.requests import Asked, How, documented
from reasoningbank_schema.messages import Request

Advice = TypeVar("Advice")
P = ParamSpec("P")


def _event(
    ask: Callable[Concatenate[str, P], Asked[Advice]],
) -> Callable[Concatenate[ReasoningBank, P], Answer[Advice]]:
    """Make a method that returns both halves of the answer."""

    def method(self: ReasoningBank, /, *args: P.args, **kwargs: P.kwargs) -> Answer[Advice]:
        asked = ask(self.agent, *args, **kwargs)
        return self.call(asked.request, asked.kind, **asked.how)

    return documented(method, ask)


def _question(
    ask: Callable[Concatenate[str, P], Asked[Advice]],
) -> Callable[Concatenate[ReasoningBank, P], Advice]:
    """Make a method that returns the reply alone."""

    def method(self: ReasoningBank, /, *args: P.args, **kwargs: P.kwargs) -> Advice:
        asked = ask(self.agent, *args, **kwargs)
        return required(self.call(asked.request, asked.kind, **asked.how), asked.kind)

    return documented(method, ask)


class ReasoningBank(Client):
    """Talk to the daemon; one client belongs to one thread, the one that makes its first call.

    Every call ends within its timeout. It connects when it has to, so a daemon that was restarted is found
    again. Events (everything that has something to store) return an `Answer` once they are stored; what then
    keeps the advice away (BUSY, LATE) is in it. Questions return their reply. All else raises a
    `ReasoningBankError`. `docs/client.md` has the whole story; `Client` the parameters.
    """

    _thread: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the client can't be used again."""
        self._calls.close()

    def call(self, request: Request, kind: type[Advice], **how: Unpack[How]) -> Answer[Advice]:
        """Send any request and return its answer; the named calls below are shorter.

        Raises
        ------
        ReasoningBankError
            One of its kinds.
        """
        self._stay_in_thread()
        call = self._calls.begin(request, how)
        for interest in self._calls.carry(call):
            _wait(interest, timeout_ms=self._calls.left_ms(call))
        return self._calls.conclude(call, kind)

    def _stay_in_thread(self) -> None:
        here = threading.get_ident()
        if self._thread is None:
            self._thread = here
        elif self._thread != here:
            raise RuntimeError("this client belongs to another thread: make one ReasoningBank per thread")

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


def _wait(interest: Interest, *, timeout_ms: int) -> None:
    poller = zmq.Poller()
    for socket, flags in interest:
        poller.register(socket, flags)
    poller.poll(timeout_ms)
