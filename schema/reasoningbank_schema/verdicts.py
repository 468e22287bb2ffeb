"""What is said about one edit: the edit verdict and the issues in it.

An edit verdict judges the *change* from one text to another, not the file: an issue is in it only if the
edit brought it in. `docs/quality.md` says how that is decided and gives the formula of the score.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Label(StrEnum):
    """What an edit did to its file, worst first."""

    BROKEN = "broken"
    """The file no longer parses where it did before."""
    WORSE = "worse"
    """At least one error or warning is new."""
    SAME = "same"
    """Nothing above a note is new or gone."""
    BETTER = "better"
    """No error or warning is new, and at least one is gone."""


class Category(StrEnum):
    """What an issue is about."""

    SYNTAX = "syntax"
    NAMES = "names"
    TYPES = "types"
    BUGS = "bugs"
    SECURITY = "security"
    AGENT = "agent"
    """Habits of coding agents: placeholders, stubs, tests that no longer test, debug output."""
    COMPLEXITY = "complexity"
    STYLE = "style"


class Severity(StrEnum):
    """How much an issue weighs. A note never makes an edit worse."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Issue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong at one place of the text after the edit.

    `line` and `column` count from 1; a column counts characters. `suggestion` is empty where none is known.
    """

    line: int
    column: int
    rule: str
    category: Category
    severity: Severity
    message: str
    engine: str
    suggestion: str = ""


class MissingEngine(msgspec.Struct, frozen=True, kw_only=True):
    """An engine whose findings are not in the verdict, and the reason in words."""

    engine: str
    reason: str


class EditVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one edit made better or worse.

    `issues` are the new ones, worst first, at most `MAX_ISSUES`; `new_issues` counts them all. `fixed` counts
    the errors, warnings and notes of the text before that are gone. Scores go from 0 to 100; `score_before` is
    None where there was no text before. `content_sha256` is the hex digest of the text after the edit, as it
    lies on disk: a verdict whose digest is not the file's is stale. `engine_ms` is the time spent in engines.
    """

    path: str
    language: str
    label: Label
    score_after: float
    content_sha256: str
    score_before: float | None = None
    issues: tuple[Issue, ...] = ()
    new_issues: int = 0
    fixed: int = 0
    engines_run: tuple[str, ...] = ()
    engines_missing: tuple[MissingEngine, ...] = ()
    engine_ms: float = 0.0


MAX_ISSUES = 100
"""More new issues than this are counted, not listed: nobody reads them, and an answer stays small."""
