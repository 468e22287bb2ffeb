"""Ask ShellCheck about shell scripts, where it is installed: one process a text, as it has no server."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Mapping
from time import monotonic

import msgspec

from reasoningbank_daemon.quality.engine import (
    Document,
    EngineAbsentError,
    EngineDiedError,
    EngineError,
    EngineTimeoutError,
    RawIssue,
    TextRefusedError,
)
from reasoningbank_daemon.quality.engines.programs import HOW_TO_INSTALL
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.processes.child_process import BoundedChild, InputStalledError
from reasoningbank_schema.verdicts import Category, Severity

NAME = "shellcheck"
MAX_TEXT_CHARACTERS = 200_000

_MEMORY_BYTES = 2 * 1024**3
_MOST_OUTPUT_BYTES = 16 * 1024**2
_READ_BYTES = 256 * 1024
_NICENESS = 19
_LONGEST_S = 20.0
_SHELLS = ("bash", "dash", "ksh", "sh")
_FOUND_STATUS = (0, 1)
"""ShellCheck ends with 1 where it found something, with others where it failed."""

_LEVELS = {
    "error": Severity.WARNING,
    "warning": Severity.WARNING,
    "info": Severity.NOTE,
    "style": Severity.NOTE,
}
_PARSING = range(1000, 2000)
"""Codes below 2000 are about what the parser makes of the text; the one that always runs speaks of those."""
_QUOTING = frozenset({2006, 2034, 2046, 2086, 2148, 2154, 2155, 2164, 1090, 1091})
"""Notes whatever ShellCheck calls them: they hold in most sound scripts, or need the files beside this one."""


class _Comment(msgspec.Struct, frozen=True, kw_only=True):
    line: int
    column: int
    level: str
    code: int
    message: str


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    comments: list[_Comment]


_decoder = msgspec.json.Decoder(_Report)


class ShellCheckEngine:
    """Finds what ShellCheck calls an error or a warning, apart from parse errors; slow, so for a second opinion."""

    name = NAME
    languages: frozenset[Language] | None = frozenset({Language.BASH})

    def __init__(
        self,
        find_program: Callable[[], str | None],
        *,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._find_program = find_program
        self._environment = {"LC_ALL": "C.UTF-8", **(environment or {})}
        self._clock = clock
        self._lock = threading.Lock()
        self._running: set[BoundedChild] = set()
        self._closed = False

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        """Start ShellCheck, hand the text over and wait for what it says; raises as `Engine.analyse` says."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, ShellCheck gets up to {MAX_TEXT_CHARACTERS:,}"
            )
        program = self._find_program()
        if program is None:
            raise EngineAbsentError(f"ShellCheck is not installed; `{HOW_TO_INSTALL[NAME]}` adds it")
        deadline = min(deadline, self._clock() + _LONGEST_S)
        output = self._run(
            (program, "--norc", "--format=json1", f"--shell={_shell(document.text)}", "-"), document, deadline
        )
        try:
            report = _decoder.decode(output)
        except msgspec.DecodeError as error:
            raise EngineError(f"ShellCheck's answer is not a report: {error}") from error
        return tuple(_issue(comment) for comment in report.comments if comment.code not in _PARSING)

    def close(self) -> None:
        """Refuse further texts, and end the processes under way."""
        with self._lock:
            self._closed = True
            for child in self._running:
                child.kill()

    def _run(self, command: tuple[str, ...], document: Document, deadline: float) -> bytes:
        child = self._started(command)
        try:
            child.write(document.text.encode("utf-8", "replace"), deadline=deadline, clock=self._clock)
            child.close_input()
            output = self._read(child, deadline)
        except InputStalledError as error:
            raise EngineTimeoutError("ShellCheck had not taken the text by the deadline") from error
        except OSError as error:
            raise EngineDiedError(f"ShellCheck ended while it was given a text: {error}") from error
        finally:
            with self._lock:
                self._running.discard(child)
            if self._clock() >= deadline:
                child.kill()
            status, errors = child.reap()
        if status not in _FOUND_STATUS:
            said = errors.decode("utf-8", "replace").strip()[:200]
            raise EngineDiedError(f"ShellCheck ended with status {status}" + (f": {said}" if said else ""))
        return output

    def _started(self, command: tuple[str, ...]) -> BoundedChild:
        with self._lock:
            if self._closed:
                raise EngineError("it is shut down")
            try:
                child = BoundedChild(
                    command, environment=self._environment, memory_bytes=_MEMORY_BYTES, niceness=_NICENESS
                )
            except OSError as error:
                raise EngineError(f"ShellCheck could not be started: {error}") from error
            self._running.add(child)
            return child

    def _read(self, child: BoundedChild, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while (wait_s := deadline - self._clock()) > 0:
            if not select.select([child.output], [], [], wait_s)[0]:
                break
            data = os.read(child.output.fileno(), _READ_BYTES)
            if not data:
                return b"".join(parts)
            parts.append(data)
            size += len(data)
            if size > _MOST_OUTPUT_BYTES:
                raise EngineError("ShellCheck says more than can be taken in")
        child.kill()
        raise EngineTimeoutError("ShellCheck had not answered by the deadline")


def _shell(text: str) -> str:
    """Return the dialect that the first line asks for; Bash where it asks for none."""
    first = text[: text.find("\n")] if text.startswith("#!") and "\n" in text else ""
    word = first.split("/")[-1].split(" ")
    name = word[1] if word[0] == "env" and len(word) > 1 else word[0]
    return name if name in _SHELLS else "bash"


def _issue(comment: _Comment) -> RawIssue:
    severity = Severity.NOTE if comment.code in _QUOTING else _LEVELS.get(comment.level, Severity.NOTE)
    return RawIssue(
        line=max(1, comment.line),
        column=max(1, comment.column),
        rule=f"SC{comment.code}",
        category=Category.BUGS,
        severity=severity,
        message=" ".join(comment.message.split()),
        engine=NAME,
    )
