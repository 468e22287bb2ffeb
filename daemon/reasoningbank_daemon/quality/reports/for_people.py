"""Verdicts for a person at a terminal: what is new, where, with the lines around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from reasoningbank_daemon.quality.reports.judged_file import JudgedFile
from reasoningbank_schema.verdicts import Issue, Label, MissingEngine, Severity

_FRAME_WIDTH = 110
_MOST_NAMED = 5
_REASON_WIDTH = 200
_CONTROL = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), 127, *range(128, 160)) if code != 9}
_LABEL_COLOURS = {Label.BROKEN: "1;31", Label.WORSE: "1;33", Label.SAME: "2", Label.BETTER: "1;32"}
_SEVERITY_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}


class Paint(msgspec.Struct, frozen=True):
    """Colours text for a terminal, or leaves it as it is."""

    coloured: bool

    def __call__(self, text: str, code: str) -> str:
        """Return the text in the colour of an SGR code."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured and text else text


def people_report(files: Sequence[JudgedFile], *, coloured: bool, notes: bool) -> Iterator[str]:
    """Yield the lines of the report; files without an issue are only counted, and named where an engine is missing."""
    paint = Paint(coloured)
    others: dict[MissingEngine, list[str]] = {}
    for file in files:
        issues = file.shown(notes=notes)
        missing = file.verdict.engines_missing
        if issues:
            yield from _file_lines(file, issues, paint)
            yield from (paint(f"  without {each.engine}: {_short(each.reason)}", "2") for each in missing)
            yield ""
        else:
            for each in missing:
                others.setdefault(each, []).append(file.verdict.path)
    for each, paths in others.items():
        yield paint(f"Without {each.engine} ({_short(each.reason)}): {_named(paths)}", "2")
    yield _summary(files)


def _named(paths: Sequence[str]) -> str:
    shown = ", ".join(map(_clean, paths[:_MOST_NAMED]))
    return f"{shown} and {len(paths) - _MOST_NAMED:,} more" if len(paths) > _MOST_NAMED else shown


def _file_lines(file: JudgedFile, issues: tuple[Issue, ...], paint: Paint) -> Iterator[str]:
    verdict = file.verdict
    before = "" if verdict.score_before is None else f"{verdict.score_before:g} → "
    label = paint(verdict.label.value, _LABEL_COLOURS[verdict.label])
    yield f"{paint(_clean(verdict.path), '1')}  {label}  score {before}{verdict.score_after:g}"
    lines = file.text.split("\n")
    for issue in issues:
        kind = paint(issue.severity.value, _SEVERITY_COLOURS[issue.severity])
        place = f"{_clean(verdict.path)}:{issue.line}:{issue.column}"
        yield f"  {place}  {kind}  {issue.rule} ({issue.category.value})  {_clean(issue.message)}"
        yield from _frame(lines, issue, paint)
        if issue.suggestion:
            yield f"    {paint('help:', '32')} {_clean(issue.suggestion)}"
    left = verdict.new_issues - len(verdict.issues)
    if left > 0:
        yield f"  {left:,} more new issues are not listed."


def _frame(lines: list[str], issue: Issue, paint: Paint) -> Iterator[str]:
    """Yield the issue's line with the one before it, and a mark under the column."""
    if not 0 < issue.line <= len(lines):
        return
    first = max(0, issue.column - 1 - _FRAME_WIDTH + 20) if issue.column > _FRAME_WIDTH else 0
    width = len(str(issue.line))
    for number in range(max(1, issue.line - 1), issue.line + 1):
        text = _clean(lines[number - 1][first : first + _FRAME_WIDTH])
        gutter = paint(f"    {number:>{width}} |", "2")
        yield f"{gutter} {text}"
    indent = "".join(
        "\t" if each == "\t" else " " for each in lines[issue.line - 1][first : issue.column - 1]
    )
    yield f"    {' ' * width} {paint('|', '2')} {indent}{paint('^', _SEVERITY_COLOURS[issue.severity])}"


def _summary(files: Sequence[JudgedFile]) -> str:
    if not files:
        return "Nothing changed, so there is nothing to judge."
    labels = Counter(file.verdict.label for file in files)
    counted = ", ".join(f"{labels[label]} {label.value}" for label in Label if labels[label])
    new = sum(file.verdict.new_issues for file in files)
    fixed = sum(file.verdict.fixed for file in files)
    plural = "" if len(files) == 1 else "s"
    return f"{len(files)} file{plural}: {counted}. {new:,} new, {fixed:,} gone (notes included)."


def _short(reason: str) -> str:
    """Return a reason on one line: an engine's last words may be a whole trace."""
    words = _clean(" ".join(reason.split()))
    return words if len(words) <= _REASON_WIDTH else f"{words[:_REASON_WIDTH]}…"


def _clean(text: str) -> str:
    """Return text that can't steer a terminal."""
    return text.translate(_CONTROL)
