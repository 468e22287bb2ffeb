"""Find parse errors and patterns in one text with tree-sitter.

This module runs in a process of its own (`tree_sitter_worker`): the parser holds the interpreter lock while it works,
and a fault in a grammar's C code ends its process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import tree_sitter

from reasoningbank_daemon.quality.engine import EngineTimeoutError, RawIssue
from reasoningbank_daemon.quality.engines.grammars import APPROXIMATE_GRAMMARS
from reasoningbank_daemon.quality.engines.tree_sitter_matches import find_matches, may_match
from reasoningbank_daemon.quality.engines.tree_sitter_parse import Parsed, TextParser
from reasoningbank_daemon.quality.flow.line_flow import line_flow_issues
from reasoningbank_daemon.quality.flow.python_flow import places_worth_following, python_flow_issues
from reasoningbank_daemon.quality.flow.python_memory import FlowMemory
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import patterns_for
from reasoningbank_schema.verdicts import Category, Severity

NAME = "tree-sitter"
SYNTAX_RULE = "syntax-error"

_MOST_ERRORS = 200
"""More parse errors than this in one text are not collected; the first ones tell what is wrong."""
_WIDEST_ERROR = 1000
"""Patterns are not looked for where the parser gave up on more than this many tokens in a row; that, too, takes
quadratic time (100,000 open brackets took 6 s), and the text is broken anyway."""
_SHOWN_CHARACTERS = 40


def find_issues(
    language: Language,
    text: str,
    deadline: float,
    *,
    parser: TextParser | None = None,
    flows: FlowMemory | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[RawIssue, ...]:
    """Return the parse errors of a text, and the matches of all patterns for its language.

    Parse errors of Python are left to ruff, so that a Python text in which nothing else can be found is not even parsed. A `parser` that
    has seen a similar text is faster, and so are `flows`. Raises an `EngineError` where the deadline passes or the grammar is missing.
    """
    source = _Source(text)
    has_patterns = may_match(language, text)
    places = places_worth_following(source.data) if language is Language.PYTHON else []
    if language is Language.PYTHON and not has_patterns and not places:
        return ()
    parsed = (parser or TextParser()).parse(language, source.data, deadline, clock)
    tree = parsed.tree
    errors = list(_errors(tree.root_node)) if tree.root_node.has_error else []
    issues: list[RawIssue] = []
    if language is not Language.PYTHON:
        issues.extend(_syntax_issue(node, source, language) for node in errors)
    if clock() >= deadline:
        raise EngineTimeoutError("the deadline passed before patterns were looked for")
    if all(node.child_count <= _WIDEST_ERROR for node in errors):
        if has_patterns:
            issues.extend(_matches(parsed, source))
        if language is Language.PYTHON:
            issues.extend(
                python_flow_issues(tree.root_node, places, source.column, engine=NAME, memory=flows)
            )
        else:
            issues.extend(line_flow_issues(text, language, engine=NAME))
    return tuple(issues)


class _Source:
    """A text and its bytes, with positions in the one for positions in the other."""

    def __init__(self, text: str) -> None:
        self.data = text.encode("utf-8", "replace")
        self._lines = self.data.split(b"\n")
        self._is_ascii = text.isascii()
        self._known = (0, 0, 0)  # row, bytes and characters of the last column asked for

    def line(self, row: int) -> bytes:
        return self._lines[row] if row < len(self._lines) else b""

    def column(self, point: tree_sitter.Point) -> int:
        """Return the column of a point in characters, from 1; cheap in long lines when asked from left to right."""
        if self._is_ascii:
            return point.column + 1
        row, start, characters = self._known
        if row != point.row or start > point.column:
            start, characters = 0, 0
        characters += len(self.line(point.row)[start : point.column].decode("utf-8", "replace"))
        self._known = (point.row, point.column, characters)
        return characters + 1


def _errors(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the outermost nodes that are wrong, and missing tokens, in no particular order."""
    waiting = [root]
    found = 0
    while waiting and found < _MOST_ERRORS:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            found += 1
            yield node
        if not node.is_missing:
            waiting.extend(
                child for child in node.children if child.has_error or child.is_error or child.is_missing
            )


def _syntax_issue(node: tree_sitter.Node, source: _Source, language: Language) -> RawIssue:
    point = node.start_point
    if node.is_missing:
        message = f"`{node.type}` is missing"
    else:
        shown = source.line(point.row)[point.column :].decode("utf-8", "replace").strip()
        message = (
            f"`{shown[:_SHOWN_CHARACTERS]}` does not fit in here" if shown else "the text ends too early"
        )
    return RawIssue(
        line=point.row + 1,
        column=source.column(point),
        rule=SYNTAX_RULE,
        category=Category.SYNTAX,
        severity=Severity.ERROR,
        message=message,
        engine=NAME,
        approximate=language in APPROXIMATE_GRAMMARS,
    )


def _matches(parsed: Parsed, source: _Source) -> Iterator[RawIssue]:
    patterns = patterns_for(parsed.language)
    for match in find_matches(parsed):
        pattern = patterns[match.pattern]
        _, row, column = match.issue
        yield RawIssue(
            line=row + 1,
            column=source.column(tree_sitter.Point(row, column)),
            rule=pattern.rule,
            category=pattern.category,
            severity=pattern.severity,
            message=pattern.message,
            suggestion=pattern.suggestion,
            engine=NAME,
            replaces=_line_text(source, match.stood[1]) if match.stood else None,
        )


def _line_text(source: _Source, row: int) -> str:
    return source.line(row).decode("utf-8", "replace").strip()
