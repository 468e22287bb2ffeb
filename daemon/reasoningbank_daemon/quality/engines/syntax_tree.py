"""Find parse errors and patterns in one text with tree-sitter.

This module runs in a process of its own (`tree_sitter_worker`): the parser holds the interpreter lock while it works,
and a fault in a grammar's C code ends its process.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import time
from collections.abc import Callable, Iterator

import tree_sitter

from reasoningbank_daemon.quality.engine import EngineError, EngineTimeoutError, RawIssue
from reasoningbank_daemon.quality.engines.grammars import APPROXIMATE_GRAMMARS, grammar
from reasoningbank_daemon.quality.flow.line_flow import line_flow_issues
from reasoningbank_daemon.quality.flow.python_flow import python_flow_issues
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import patterns_for
from reasoningbank_daemon.quality.patterns.pattern import Pattern
from reasoningbank_schema.verdicts import Category, Severity

NAME = "tree-sitter"
SYNTAX_RULE = "syntax-error"

_MOST_ERRORS = 200
"""More parse errors than this in one text are not collected; the first ones tell what is wrong."""
_DEEPEST_MATCH = 1000
"""Patterns are not looked for below this many levels: the time for a query grows with the square of the depth
(100,000 nested brackets took 38 s)."""
_WIDEST_ERROR = 1000
"""Patterns are not looked for where the parser gave up on more than this many tokens in a row; that, too, takes
quadratic time (100,000 open brackets took 6 s), and the text is broken anyway."""
_SHOWN_CHARACTERS = 40
_CHUNK_BYTES = 65536
_SHORT_BYTES = 50_000


def find_issues(
    language: Language, text: str, deadline: float, *, clock: Callable[[], float] = time.monotonic
) -> tuple[RawIssue, ...]:
    """Return the parse errors of a text, and the matches of all patterns for its language.

    Parse errors of Python are left to ruff. Raises an `EngineError` where the deadline passes or the grammar is missing.
    """
    source = _Source(text)
    tree = _parse(language, source.data, deadline, clock)
    errors = list(_errors(tree.root_node)) if tree.root_node.has_error else []
    issues: list[RawIssue] = []
    if language is not Language.PYTHON:
        issues.extend(_syntax_issue(node, source, language) for node in errors)
    if clock() >= deadline:
        raise EngineTimeoutError("the deadline passed before patterns were looked for")
    if all(node.child_count <= _WIDEST_ERROR for node in errors):
        issues.extend(_matches(language, tree, source))
        if language is Language.PYTHON:
            issues.extend(python_flow_issues(tree.root_node, source.data, source.column, engine=NAME))
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


def _parse(language: Language, data: bytes, deadline: float, clock: Callable[[], float]) -> tree_sitter.Tree:
    """Parse a text, a long one within the deadline.

    Only reading through a callback can be interrupted. It has its price: tree-sitter 0.26 never frees what the callback
    returned, and in a tree so made each test of a node's text calls back for every byte. So only a long text is read
    so, and is then parsed once more, which finds nearly all of the work done.
    """
    parser = tree_sitter.Parser(grammar(language))
    if len(data) <= _SHORT_BYTES:
        return parser.parse(data)

    def read(offset: int, _point: tree_sitter.Point) -> bytes:
        return data[offset : offset + _CHUNK_BYTES]

    def is_late(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001 - the parser's signature
        return clock() >= deadline

    try:
        tree = parser.parse(read, progress_callback=is_late)
    except ValueError as error:
        if clock() >= deadline:
            raise EngineTimeoutError("the deadline passed while the text was parsed") from error
        raise EngineError(f"the text could not be parsed: {error}") from error
    return parser.parse(data, old_tree=tree)


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


@functools.cache
def _compiled(language: Language) -> tuple[tree_sitter.Query, tuple[Pattern, ...]]:
    """Return one query with all patterns of a language, and for each of its parts the pattern it belongs to."""
    patterns = patterns_for(language)
    sources = [pattern.queries[language].encode() for pattern in patterns]
    ends = list(itertools.accumulate(len(source) + 1 for source in sources))
    query = tree_sitter.Query(grammar(language), b"\n".join(sources).decode())
    starts = (query.start_byte_for_pattern(part) for part in range(query.pattern_count))
    return query, tuple(patterns[bisect.bisect_right(ends, start)] for start in starts)


def _matches(language: Language, tree: tree_sitter.Tree, source: _Source) -> Iterator[RawIssue]:
    query, owners = _compiled(language)
    cursor = tree_sitter.QueryCursor(query)
    cursor.set_max_start_depth(_DEEPEST_MATCH)
    seen: set[tuple[str, int]] = set()
    for part, captures in cursor.matches(tree.root_node):
        pattern = owners[part]
        node = captures["issue"][0]
        if (pattern.rule, node.start_byte) in seen:  # two parts of one pattern, or two ways to match one
            continue
        seen.add((pattern.rule, node.start_byte))
        stood = captures.get("stood")
        yield RawIssue(
            line=node.start_point.row + 1,
            column=source.column(node.start_point),
            rule=pattern.rule,
            category=pattern.category,
            severity=pattern.severity,
            message=pattern.message,
            suggestion=pattern.suggestion,
            engine=NAME,
            replaces=_line_text(source, stood[0]) if stood else None,
        )


def _line_text(source: _Source, node: tree_sitter.Node) -> str:
    return source.line(node.start_point.row).decode("utf-8", "replace").strip()
