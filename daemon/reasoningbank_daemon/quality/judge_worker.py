"""The judge's process: answer questions about edits until the input ends.

Started by `judge_apart` as `python -m reasoningbank_daemon.quality.judge_worker ROLE MOST_REMEMBERED [ENGINE_THAT_IS_OFF…]`. It speaks JSON-RPC on
its standard streams, and owns the engines, each in a process of its own.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, NoReturn

import msgspec
import structlog

from reasoningbank_daemon.quality.callers import caller_issues
from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_daemon.quality.issue_cache import IssueCache
from reasoningbank_daemon.quality.judge_messages import (
    LOG,
    Judged,
    LogLine,
    Method,
    Role,
    judged_frame,
    question_decoder,
)
from reasoningbank_daemon.quality.processes import rpc
from reasoningbank_daemon.quality.reviewer import Reviewer, second_engines, standard_engines

_READ_BYTES = 256 * 1024
_THREADS = 8
"""As many edits are under way at once; an engine that is slow to answer one holds up no other."""
_MEMORY_BYTES = 4 * 1024**3
"""Of address space, for this process; the engines' processes have limits of their own, some of them higher."""
_METHOD_NOT_FOUND = -32601
_NO_VERDICT = 1


class JudgeWorker:
    """Answers questions, each in a thread of a pool."""

    def __init__(self, role: Role, engines_off: Sequence[str], cache: IssueCache, output: int) -> None:
        self._oxlint = ""
        programs = Programs(oxlint=lambda: self._oxlint)
        make = standard_engines if role is Role.FIRST else second_engines
        engines = [engine for engine in make(programs=programs) if engine.name not in engines_off]
        self._reviewer = Reviewer(engines, cache=cache)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="judge")
        self._output = output
        self._writing = threading.Lock()

    def take(self, message: rpc.Message) -> None:
        """Begin to work on a message; returns at once."""
        if message.id is None:
            return
        if message.method == Method.READY:
            self.send(rpc.answer(message.id, None))
        else:
            self._pool.submit(self._reply, message.id, message)

    def send(self, frame: bytes) -> None:
        """Write a frame, in one piece among several threads."""
        with self._writing:
            left = memoryview(frame)
            while left:
                left = left[os.write(self._output, left) :]

    def close(self) -> None:
        """End the engines; what is under way ends with them."""
        self._reviewer.close()
        self._pool.shutdown(cancel_futures=True)

    def _reply(self, identity: int | str, message: rpc.Message) -> None:
        try:
            frame = self._answer(identity, message)
        except Exception as error:  # noqa: BLE001 - a fault of ours costs this verdict, not the process and the next ones
            frame = rpc.refusal(identity, _NO_VERDICT, f"it failed: {type(error).__name__}: {error}")
        self.send(frame)

    def _answer(self, identity: int | str, message: rpc.Message) -> bytes:
        if message.method == Method.WARM:
            self._reviewer.warm()
            return rpc.answer(identity, None)
        if message.method not in {Method.EXAMINE, Method.LOOK_AGAIN}:
            return rpc.refusal(identity, _METHOD_NOT_FOUND, f"unknown method {message.method}")
        question = question_decoder.decode(message.params)
        self._oxlint = question.oxlint
        edit, deadline, history = question.edit, question.deadline, question.history
        if message.method == Method.LOOK_AGAIN:
            history = (*history, *caller_issues(edit, give_up=lambda: monotonic() >= deadline))
        review = self._reviewer.examine(edit, deadline, policy=question.policy, history=history)
        return judged_frame(
            identity,
            Judged(verdict=review.verdict, issues=review.issues, may_quote_secrets=review.may_quote_secrets),
        )


def main(arguments: Sequence[str]) -> None:
    """Answer until the input ends."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, most))
    role, most_remembered, *engines_off = arguments
    cache = IssueCache(most_entries=int(most_remembered))
    worker = JudgeWorker(Role(role), engines_off, cache, sys.stdout.fileno())
    _log_through(worker)
    frames = rpc.FrameReader()
    while data := os.read(sys.stdin.fileno(), _READ_BYTES):
        for payload in frames.feed(data):
            worker.take(rpc.decode(payload))
    worker.close()


def _log_through(worker: JudgeWorker) -> None:
    """Send what is logged to the daemon: standard output is taken."""

    def send(_logger: object, level: str, fields: MutableMapping[str, Any]) -> NoReturn:
        event = str(fields.pop("event", ""))
        line = LogLine(level=level, event=event, fields={name: str(value) for name, value in fields.items()})
        worker.send(rpc.notification(LOG, msgspec.to_builtins(line)))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.format_exc_info, send])


if __name__ == "__main__":
    main(sys.argv[1:])
