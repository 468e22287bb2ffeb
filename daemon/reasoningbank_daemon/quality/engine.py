"""What the reviewer asks of an engine, and what an engine may answer."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol, runtime_checkable

import msgspec

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity


class Document(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One text to look at. `path` only names it; nothing is read from there."""

    path: str
    language: Language | None
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """Return the lines, parted once for all who read them; not to be changed."""
        return self.text.split("\n")

    @cached_property
    def in_small_letters(self) -> str:
        """Return the text in small letters, for all who look for words whatever their case."""
        return self.text.lower()


class RawIssue(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of one engine in one text, not yet known to be new.

    `line` and `column` count from 1, a column in characters.
    """

    line: int
    column: int
    rule: str
    category: Category
    severity: Severity
    message: str
    engine: str
    suggestion: str = ""
    replaces: str | None = None
    """For a finding that speaks of what was lost: the line that must have stood in the text before, stripped.
    A stub under a `def` that is new is a beginning; under one that stood there before, it is a loss."""
    approximate: bool = False
    """A parse error by a grammar that also misreads valid text: it counts only with more evidence."""
    clears: tuple[str, ...] = ()
    """No issue, but evidence that findings of these rules on this line are none."""


class EngineError(Exception):
    """An engine has no findings for a text; `str(error)` is the reason, in words for the user."""


class EngineUnavailableError(EngineError):
    """The engine cannot be used now: not installed, not started, or waiting to be restarted."""


class EngineAbsentError(EngineUnavailableError):
    """An engine that is not part of the program is not installed: said once, by `doctor`, not at each edit."""


class EngineTimeoutError(EngineError):
    """The deadline passed before the engine had answered."""


class EngineDiedError(EngineError):
    """The engine's process ended, or was ended, while it held the question."""


class TextRefusedError(EngineError):
    """The engine does not take this text: too large, or not text."""


class Engine(Protocol):
    """Finds issues in one text at a time. Safe to call from several threads at once.

    `languages` None means every text. A deadline is a point of the engine's monotonic clock, in seconds.
    """

    @property
    def name(self) -> str:
        """Name the engine as verdicts do."""
        ...

    @property
    def languages(self) -> frozenset[Language] | None:
        """Say which languages it reads."""
        ...

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        """Return all findings in a text; raise an `EngineError` where there can be none."""
        ...

    def close(self) -> None:
        """Give back what the engine holds; may be called twice. Calls under way fail with an `EngineError`."""
        ...


class Answer(Protocol):
    """A question that an engine has begun to work on."""

    def result(self) -> tuple[RawIssue, ...]:
        """Wait for the findings, until the deadline the question came with; raises as `Engine.analyse`."""
        ...


@runtime_checkable
class PipelinedEngine(Engine, Protocol):
    """An engine in a process of its own, which can work while its caller does something else."""

    def begin(self, document: Document, deadline: float) -> Answer:
        """Hand the text over and return at once; raises as `Engine.analyse` where that fails."""
        ...
