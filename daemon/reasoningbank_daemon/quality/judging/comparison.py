"""Tell what an edit brought in from what was there before.

An issue is new when its pair of rule and stripped line is, counted: two equal lines with the same issue where
there was one make one new issue. So a block that moves, or is indented anew, keeps its issues.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import cached_property

import msgspec

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.judging.brackets import (
    bracket_imbalance,
    branch_count,
    has_alternative_branches,
)
from reasoningbank_daemon.quality.judging.change import shared_ends
from reasoningbank_daemon.quality.judging.complexity import grew_little
from reasoningbank_schema.verdicts import Category, Severity

_LONG_LINE = 400
_WINDOW = 60
"""Of a line longer than `_LONG_LINE` (minified code) only this many characters each side of the issue make up
its identity; else one change would make every issue of the line new."""
_MOST_PAIRS = 2_000
"""More pairs of lines than this are not compared for likeness: each costs about 10 µs."""
_LIKENESS = 0.6
_NUMBER = re.compile(r"\d+")
"""Line numbers and counts in a message change with the text."""


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """One text and all that the engines found in it."""

    document: Document
    issues: tuple[RawIssue, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The issues of the text after, parted into what stood before and what is new; and how many went."""

    standing: tuple[RawIssue, ...]
    new: tuple[RawIssue, ...]
    fixed: tuple[RawIssue, ...]


def compare(before: Analysis | None, after: Analysis) -> Comparison:
    """Part the issues of `after` into those that stood in `before` and new ones. Pure."""
    if before is None:
        doubtful = any(issue.approximate for issue in after.issues) and not _unbalanced(after.document)
        believed = [issue for issue in after.issues if not (issue.approximate and doubtful)]
        return _settled(after.issues, believed, (), _Stood((), after.document.lines))
    if not after.issues:
        return Comparison(standing=(), new=(), fixed=_really_fixed(before.issues, ()))
    before_lines, after_lines = before.document.lines, after.document.lines
    new, gone = _unmatched(before.issues, before_lines, after.issues, after_lines)
    new, gone = _without_rewritten(new, after_lines, gone, before_lines)
    if not new:
        return Comparison(standing=after.issues, new=(), fixed=_really_fixed(gone, after.issues))
    stood = _Stood(before_lines, after_lines)
    new = _without_unseen(new, after_lines, before.issues, stood)
    if any(issue.approximate for issue in new) and not _grammar_is_right(before, after.document):
        new = [issue for issue in new if not issue.approximate]
    texts = before.document.text, after.document.text
    return _settled(
        after.issues,
        new,
        _really_fixed(gone, after.issues),
        stood,
        minor=frozenset(id(issue) for issue in new if grew_little(issue, *texts)),
    )


def _settled(
    issues: Sequence[RawIssue],
    new: Iterable[RawIssue],
    fixed: tuple[RawIssue, ...],
    stood: _Stood,
    *,
    minor: frozenset[int] = frozenset(),
) -> Comparison:
    """Settle what each new issue weighs, now that the text before is known; those of `minor` (identities) are notes."""
    chosen = {id(issue) for issue in new}
    return Comparison(
        standing=tuple(issue for issue in issues if id(issue) not in chosen),
        new=tuple(
            _settle(issue, stood, is_minor=id(issue) in minor) for issue in issues if id(issue) in chosen
        ),
        fixed=fixed,
    )


def _settle(issue: RawIssue, stood: _Stood, *, is_minor: bool) -> RawIssue:
    if is_minor or (issue.replaces is not None and not stood.no_more_often_now(issue.replaces)):
        return msgspec.structs.replace(issue, severity=Severity.NOTE)
    return msgspec.structs.replace(issue, approximate=False) if issue.approximate else issue


class _Stood:
    """Which lines stood in the text before, stripped; counted where somebody asks, which for most edits nobody does."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        self._before = before
        self._after = after

    @cached_property
    def before(self) -> Counter[str]:
        """Count the lines of the text before."""
        return Counter(line.strip() for line in self._before)

    @cached_property
    def after(self) -> Counter[str]:
        """Count the lines of the text after."""
        return Counter(line.strip() for line in self._after)

    def no_more_often_now(self, line: str) -> bool:
        """Tell whether a line stood there before, and no more often now.

        Where a `def` line stands more often than before, a stub under it was added (an overload, one more test's
        helper) and took nobody's place.
        """
        return 0 < self.before[line] >= self.after[line]


def _key(issue: RawIssue, lines: Sequence[str]) -> tuple[str, str]:
    if issue.replaces is not None:
        return issue.rule, issue.replaces
    line = lines[issue.line - 1] if 0 < issue.line <= len(lines) else ""
    if len(line) > _LONG_LINE:
        line = line[max(0, issue.column - 1 - _WINDOW) : issue.column - 1 + _WINDOW]
    return issue.rule, line.strip()


def _unmatched(
    before: Sequence[RawIssue],
    before_lines: Sequence[str],
    after: Sequence[RawIssue],
    after_lines: Sequence[str],
) -> tuple[list[RawIssue], list[RawIssue]]:
    """Return the issues of `after` without a partner in `before`, and those of `before` without one.

    Issues outside the changed lines choose their partner first: of two equal lines, one of them inserted, the
    inserted one is new.
    """
    partners = Counter(_key(issue, before_lines) for issue in before)
    first, last = _changed_lines(before_lines, after_lines)
    new: list[RawIssue] = []
    for issue in sorted(after, key=lambda issue: first <= issue.line <= last):
        key = _key(issue, after_lines)
        if partners[key] > 0:
            partners[key] -= 1
        else:
            new.append(issue)
    gone: list[RawIssue] = []
    for issue in before:
        key = _key(issue, before_lines)
        if partners[key] > 0:
            partners[key] -= 1
            gone.append(issue)
    return new, gone


def _changed_lines(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """Return the first and the last line (from 1) of `after` that lie between what both texts share."""
    start, end = shared_ends(before, after)
    return start + 1, len(after) - end


def _without_rewritten(
    new: list[RawIssue], after_lines: Sequence[str], gone: list[RawIssue], before_lines: Sequence[str]
) -> tuple[list[RawIssue], list[RawIssue]]:
    """Match what is left by likeness: a line that was rewritten and kept its issue did not gain one.

    Where an issue names what it is about (a function, a call, in backticks), it is the same one under another line too: a
    function whose parameters were annotated is as complex as before.
    """
    if not new or not gone or len(new) * len(gone) > _MOST_PAIRS:
        return new, gone
    left = list(gone)
    really_new: list[RawIssue] = []
    for issue in new:
        line = _key(issue, after_lines)[1]
        partner = next(
            (
                old
                for old in left
                if old.rule == issue.rule
                and (_names_the_same(old, issue) or _alike(_key(old, before_lines)[1], line))
            ),
            None,
        )
        if partner is None:
            really_new.append(issue)
        else:
            left.remove(partner)
    return really_new, left


def _names_the_same(one: RawIssue, other: RawIssue) -> bool:
    return "`" in one.message and _NUMBER.sub("", one.message) == _NUMBER.sub("", other.message)


def _alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return (
        matcher.real_quick_ratio() >= _LIKENESS
        and matcher.quick_ratio() >= _LIKENESS
        and (matcher.ratio() >= _LIKENESS)
    )


def _without_unseen(
    new: list[RawIssue],
    after_lines: Sequence[str],
    before: Sequence[RawIssue],
    stood: _Stood,
) -> list[RawIssue]:
    """Drop what an engine sees now only because it could not read the text before.

    A linter says little of a text that does not parse. Once it parses again, issues on lines that stood there
    all along come to light; this edit did not make them.
    """
    blind = _blinded_engines(before)
    return [
        issue
        for issue in new
        if issue.engine not in blind
        or issue.category is Category.SYNTAX
        or not stood.before[_key(issue, after_lines)[1]]
    ]


def _really_fixed(gone: Iterable[RawIssue], after: Sequence[RawIssue]) -> tuple[RawIssue, ...]:
    """Drop from `gone` what merely went out of sight because the text after does not parse."""
    blind = _blinded_engines(after)
    return tuple(
        issue
        for issue in gone
        if not issue.approximate and (issue.engine not in blind or issue.category is Category.SYNTAX)
    )


def _blinded_engines(issues: Iterable[RawIssue]) -> frozenset[str]:
    return frozenset(
        issue.engine for issue in issues if issue.category is Category.SYNTAX and not issue.approximate
    )


def _grammar_is_right(before: Analysis, after: Document) -> bool:
    """Tell whether new parse errors of an approximate grammar are to be believed."""
    document = before.document
    if not any(issue.approximate for issue in before.issues) and (
        branch_count(after.text, after.language) <= branch_count(document.text, document.language)
    ):
        return True  # it read the text before without a fault, so the fault is in the edit
    return bracket_imbalance(after.text, after.language) > bracket_imbalance(document.text, document.language)


def _unbalanced(document: Document) -> bool:
    return (
        not has_alternative_branches(document.text)
        and bracket_imbalance(document.text, document.language) > 0
    )
