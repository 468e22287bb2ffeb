"""The client for asyncio programs: the same calls, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from reasoningbank_client.exchange import Answer
from reasoningbank_client.synchronous import ReasoningBank
from reasoningbank_schema.messages import (
    DaemonStatus,
    Done,
    EditJudged,
    Recalled,
    Receipt,
    Request,
    TaskAdvice,
)
from reasoningbank_schema.paths import Paths

P = ParamSpec("P")
T = TypeVar("T")


class AsyncReasoningBank:
    """Await the calls of `ReasoningBank`, one at a time, on a thread of its own.

    A thread, because a call is one short exchange on a local socket: the loop is never blocked, and both
    clients are the same code.
    """

    def __init__(self, paths: Paths, *, timeout_s: float = 2.0, spool: bool = False) -> None:
        self._bank = ReasoningBank(paths, timeout_s=timeout_s, spool=spool)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reasoningbank")

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
        """Close the connection and end the thread."""
        await self._run(ReasoningBank.close)
        self._thread.shutdown()

    async def call(self, request: Request, kind: type[T]) -> Answer[T]:
        """Send any request; the named calls below are shorter."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: self._bank.call(request, kind))

    async def _run(
        self, method: Callable[Concatenate[ReasoningBank, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: method(self._bank, *args, **kwargs))

    async def start_session(self, session: str, *, cwd: str) -> Answer[Done]:
        """Open a session."""
        return await self._run(ReasoningBank.start_session, session, cwd=cwd)

    async def end_session(self, session: str) -> Answer[Done]:
        """Close a session and its open task."""
        return await self._run(ReasoningBank.end_session, session)

    async def pre_task(self, session: str, prompt: str, *, cwd: str = "") -> Answer[TaskAdvice]:
        """Begin a turn and get advice on it."""
        return await self._run(ReasoningBank.pre_task, session, prompt, cwd=cwd)

    async def post_edit(
        self, session: str, path: str, *, after: str, before: str | None = None
    ) -> Answer[EditJudged]:
        """Report a changed file and get its verdict."""
        return await self._run(ReasoningBank.post_edit, session, path, after=after, before=before)

    async def post_command(
        self, session: str, command: str, *, exit_status: int, output: str = ""
    ) -> Answer[Done]:
        """Report a command that ran."""
        return await self._run(
            ReasoningBank.post_command, session, command, exit_status=exit_status, output=output
        )

    async def post_task(self, session: str, *, success: bool | None = None) -> Answer[Done]:
        """End a turn."""
        return await self._run(ReasoningBank.post_task, session, success=success)

    async def recall(self, query: str, *, cwd: str = "", limit: int = 5) -> Recalled:
        """Find experience like a question."""
        return await self._run(ReasoningBank.recall, query, cwd=cwd, limit=limit)

    async def remember(self, text: str, *, title: str = "", cwd: str = "") -> Answer[Receipt]:
        """Store a lesson in one's own words."""
        return await self._run(ReasoningBank.remember, text, title=title, cwd=cwd)

    async def status(self) -> DaemonStatus:
        """Return the daemon's figures."""
        return await self._run(ReasoningBank.status)

    async def ping(self) -> None:
        """Return when the daemon has answered."""
        await self._run(ReasoningBank.ping)
