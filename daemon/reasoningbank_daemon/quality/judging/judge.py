"""Turn what the engines found before and after an edit into its verdict. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.judging.comparison import Analysis, Comparison, compare
from reasoningbank_daemon.quality.judging.scoring import score
from reasoningbank_schema.verdicts import (
    MAX_ISSUES,
    Category,
    EditVerdict,
    Issue,
    Label,
    MissingEngine,
    Severity,
)

_SEVERITY_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_CATEGORY_RANK = {
    category: rank
    for rank, category in enumerate(
        (
            Category.SYNTAX,
            Category.NAMES,
            Category.SECURITY,
            Category.AGENT,
            Category.BUGS,
            Category.TYPES,
            Category.COMPLEXITY,
            Category.STYLE,
        )
    )
}


class EngineReport(msgspec.Struct, frozen=True, kw_only=True):
    """Which engines took part, which could not and why, and the milliseconds spent in them."""

    run: tuple[str, ...] = ()
    missing: tuple[MissingEngine, ...] = ()
    ms: float = 0.0


def judge(
    before: Analysis | None,
    after: Analysis,
    *,
    content_sha256: str,
    report: EngineReport,
    change_issues: Sequence[RawIssue] = (),
) -> EditVerdict:
    """Return the verdict on the change from `before` (None: a new file) to `after`.

    `change_issues` are what the rules over changes found: they are new, and stand in neither analysis.

    Both analyses must hold findings of the same engines: an engine that failed on one of the two texts is
    left out of both, and named in `report.missing`.
    """
    comparison = compare(before, after)
    comparison = msgspec.structs.replace(comparison, new=(*comparison.new, *change_issues))
    new = sorted(comparison.new, key=_rank)
    language = after.document.language
    return EditVerdict(
        path=after.document.path,
        language="unknown" if language is None else language.value,
        label=_label(comparison),
        score_before=None if before is None else score(before.issues),
        score_after=score((*comparison.standing, *comparison.new)),
        issues=tuple(_issue(raw) for raw in new[:MAX_ISSUES]),
        new_issues=len(new),
        fixed=len(comparison.fixed),
        engines_run=report.run,
        engines_missing=report.missing,
        content_sha256=content_sha256,
        engine_ms=round(report.ms, 3),
    )


def _label(comparison: Comparison) -> Label:
    if any(_breaks(issue) for issue in comparison.new):
        return Label.BROKEN
    if _above_note(comparison.new):
        return Label.WORSE
    return Label.BETTER if _above_note(comparison.fixed) else Label.SAME


def _breaks(issue: RawIssue) -> bool:
    return issue.category is Category.SYNTAX and issue.severity is Severity.ERROR


def _above_note(issues: Sequence[RawIssue]) -> bool:
    return any(issue.severity is not Severity.NOTE for issue in issues)


def _rank(issue: RawIssue) -> tuple[int, int, int, int]:
    """Order issues worst first, then as they stand in the text."""
    return _SEVERITY_RANK[issue.severity], _CATEGORY_RANK[issue.category], issue.line, issue.column


def _issue(raw: RawIssue) -> Issue:
    return Issue(
        line=raw.line,
        column=raw.column,
        rule=raw.rule,
        category=raw.category,
        severity=raw.severity,
        message=raw.message,
        engine=raw.engine,
        suggestion=raw.suggestion,
    )
