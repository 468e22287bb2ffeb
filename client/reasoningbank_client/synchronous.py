"""The client for ordinary programs."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import zmq

from reasoningbank_client.errors import DeadlineError
from reasoningbank_client.exchange import Answer, Exchange
from reasoningbank_client.safety import check_socket
from reasoningbank_schema.messages import (
    Control,
    ControlAction,
    DaemonStatus,
    Done,
    EditJudged,
    EndSession,
    Failure,
    Feedback,
    HookEvent,
    PostCommand,
    PostEdit,
    PostTask,
    PreTask,
    Rating,
    Recall,
    Recalled,
    Receipt,
    Remember,
    Request,
    StartSession,
    Status,
    TaskAdvice,
)
from reasoningbank_schema.paths import Paths, resolve_paths
from reasoningbank_schema.redaction import redact_bytes
from reasoningbank_schema.spool import write_entry

T = TypeVar("T")
READ_ONLY = (Recall, Status, Control)


class ReasoningBank:
    """Talk to the daemon; one client per thread.

    Parameters
    ----------
    paths
        Where the daemon is; `from_environment` finds it.
    timeout_s
        The deadline of each call, in seconds from its start.
    spool
        Keep an event that the daemon did not store in the spool (redacted); the daemon takes it in later,
        once.
    """

    def __init__(self, paths: Paths, *, timeout_s: float = 2.0, spool: bool = False) -> None:
        self._paths = paths
        self._timeout_s = timeout_s
        self._spool = spool
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None

    @classmethod
    def from_environment(cls, *, timeout_s: float = 2.0, spool: bool = False) -> ReasoningBank:
        """Make a client for the daemon that this process's environment names."""
        return cls(resolve_paths(os.environ, home=Path.home()), timeout_s=timeout_s, spool=spool)

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
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        self._context.term()

    def call(self, request: Request, kind: type[T]) -> Answer[T]:
        """Send a request and wait for both halves of its answer.

        Raises
        ------
        ReasoningBankError
            One of its kinds; with ``spool``, an event is kept first.
        """
        nonce = os.urandom(16)
        exchange = Exchange(
            request, nonce=nonce, sent_ns=time.time_ns(), deadline_ms=max(1, round(self._timeout_s * 1000))
        )
        stored = False
        try:
            self._exchange(exchange)
            stored = True
        finally:
            if not stored and self._spool and not isinstance(request, READ_ONLY):
                write_entry(str(self._paths.spool), exchange.header, redact_bytes(exchange.body)[0])
        return exchange.answer(kind)

    def _exchange(self, exchange: Exchange) -> None:
        end = time.monotonic() + self._timeout_s
        check_socket(self._paths)
        socket = self._connected()
        if not socket.poll(_left_ms(end), zmq.POLLOUT):
            raise self._late("does not take the request")
        socket.send_multipart([exchange.header, exchange.body])
        while not exchange.done:
            if not socket.poll(_left_ms(end), zmq.POLLIN):
                raise self._late("did not answer")
            exchange.feed(socket.recv_multipart())

    def _connected(self) -> zmq.Socket[bytes]:
        if self._socket is None:
            self._socket = self._context.socket(zmq.DEALER)
            self._socket.setsockopt(zmq.LINGER, 0)
            self._socket.setsockopt(zmq.IMMEDIATE, 1)
            self._socket.connect(self._paths.endpoint)
        return self._socket

    def _late(self, what: str) -> DeadlineError:
        # A fresh connection next time: this one may belong to a daemon that is gone.
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        return DeadlineError(f"the daemon {what} within {self._timeout_s} s. Look: reasoningbank status")

    def start_session(
        self, session: str, *, cwd: str, agent: str = "program", model: str | None = None
    ) -> Answer[Done]:
        """Open a session; ``session`` is any id that the caller keeps."""
        return self.call(StartSession(session=session, cwd=cwd, agent=agent, model=model), Done)

    def end_session(self, session: str, *, agent: str = "program") -> Answer[Done]:
        """Close a session and its open task."""
        return self.call(EndSession(session=session, agent=agent), Done)

    def pre_task(
        self, session: str, prompt: str, *, cwd: str = "", agent: str = "program", model: str | None = None
    ) -> Answer[TaskAdvice]:
        """Begin a turn and get advice on it."""
        return self.call(
            PreTask(session=session, prompt=prompt, cwd=cwd, agent=agent, model=model), TaskAdvice
        )

    def post_edit(
        self, session: str, path: str, *, after: str, before: str | None = None, agent: str = "program"
    ) -> Answer[EditJudged]:
        """Report a changed file and get its verdict."""
        return self.call(
            PostEdit(session=session, path=path, after=after, before=before, agent=agent), EditJudged
        )

    def post_command(
        self,
        session: str,
        command: str,
        *,
        exit_status: int,
        output: str = "",
        duration_ms: int | None = None,
        agent: str = "program",
    ) -> Answer[Done]:
        """Report a command that ran."""
        request = PostCommand(
            session=session,
            command=command,
            exit_status=exit_status,
            output=output,
            duration_ms=duration_ms,
            agent=agent,
        )
        return self.call(request, Done)

    def post_task(
        self, session: str, *, success: bool | None = None, detail: str = "", agent: str = "program"
    ) -> Answer[Done]:
        """End a turn; ``success`` is the caller's own statement."""
        return self.call(PostTask(session=session, success=success, detail=detail, agent=agent), Done)

    def feedback(
        self, rating: Rating, *, task_id: int | None = None, session: str | None = None, note: str = ""
    ) -> Answer[Done]:
        """Rate a task."""
        return self.call(Feedback(rating=rating, task_id=task_id, session=session, note=note), Done)

    def recall(self, query: str, *, cwd: str = "", limit: int = 5) -> Recalled:
        """Find experience like a question."""
        return _required(self.call(Recall(query=query, cwd=cwd, limit=limit), Recalled))

    def remember(
        self, text: str, *, title: str = "", cwd: str = "", tags: tuple[str, ...] = ()
    ) -> Answer[Receipt]:
        """Store a lesson in one's own words."""
        return self.call(Remember(text=text, title=title, cwd=cwd, tags=tags), Receipt)

    def hook_event(self, host: str, event: str, payload: bytes) -> Answer[bytes]:
        """Pass a hook's payload on; the advice is what the hook would print."""
        return self.call(HookEvent(host=host, event=event, payload=payload), bytes)

    def status(self) -> DaemonStatus:
        """Return the daemon's figures."""
        return _required(self.call(Status(), DaemonStatus))

    def ping(self) -> None:
        """Return when the daemon has answered."""
        self.call(Control(action=ControlAction.PING), Done)

    def stop(self) -> None:
        """Ask the daemon to stop; it finishes what is under way."""
        self.call(Control(action=ControlAction.STOP), Done)

    def reload(self) -> str | None:
        """Put an edited configuration in force; return what is wrong with it, None if nothing."""
        reply = self.call(Control(action=ControlAction.RELOAD), object).advice
        return reply.message if isinstance(reply, Failure) else None


def _left_ms(end: float) -> int:
    return max(0, round((end - time.monotonic()) * 1000))


def _required(answer: Answer[T]) -> T:
    if answer.advice is None:
        raise DeadlineError("the daemon answered without a body")
    return answer.advice
