from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.judging.comparison import Analysis
from reasoningbank_daemon.quality.judging.judge import EngineReport, judge
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import MAX_ISSUES, Category, EditVerdict, Label, MissingEngine, Severity


def issue(line: int, severity: Severity = Severity.WARNING, category: Category = Category.BUGS) -> RawIssue:
    return RawIssue(
        line=line, column=1, rule="R", category=category, severity=severity, message="m", engine="e"
    )


def verdict_on(before: tuple[RawIssue, ...] | None, after: tuple[RawIssue, ...]) -> EditVerdict:
    old = Document(path="a.py", language=Language.PYTHON, text="alpha\nbeta beta\n")
    new = Document(path="a.py", language=Language.PYTHON, text="gamma\n" + "delta delta %\n" * 500)
    return judge(
        None if before is None else Analysis(document=old, issues=before),
        Analysis(document=new, issues=after),
        content_sha256="0" * 64,
        report=EngineReport(run=("e",), missing=(MissingEngine(engine="x", reason="gone"),), ms=1.23456),
    )


@pytest.mark.parametrize(
    ("before", "after", "label"),
    [
        ((), (issue(1, Severity.ERROR, Category.SYNTAX),), Label.BROKEN),
        ((), (issue(1),), Label.WORSE),
        ((issue(1),), (issue(2),), Label.WORSE),
        ((), (issue(1, Severity.NOTE),), Label.SAME),
        ((issue(1, Severity.NOTE),), (), Label.SAME),
        ((issue(1),), (), Label.BETTER),
        ((issue(1),), (issue(1, Severity.NOTE),), Label.BETTER),
        ((), (), Label.SAME),
        (None, (issue(1),), Label.WORSE),
        (None, (), Label.SAME),
    ],
)
def test_label_follows_from_what_is_new_and_what_is_gone(
    before: tuple[RawIssue, ...] | None, after: tuple[RawIssue, ...], label: Label
) -> None:
    assert verdict_on(before, after).label is label


def test_issues_come_worst_first() -> None:
    after = (
        issue(1, Severity.NOTE),
        issue(2),
        issue(3, Severity.WARNING, Category.SECURITY),
        issue(4, Severity.ERROR),
        issue(5, Severity.ERROR, Category.SYNTAX),
    )

    verdict = verdict_on((), after)

    assert [each.line for each in verdict.issues] == [5, 4, 3, 2, 1]


def test_ten_thousand_issues_are_counted_and_the_worst_listed() -> None:
    after = (*(issue(1 + n % 400) for n in range(10_000)), issue(401, Severity.ERROR))

    verdict = verdict_on((), after)

    assert (len(verdict.issues), verdict.new_issues, verdict.issues[0].line) == (MAX_ISSUES, 10_001, 401)


def test_new_file_has_no_score_before() -> None:
    assert verdict_on(None, ()).score_before is None


def test_scores_fall_with_what_is_found() -> None:
    verdict = verdict_on((), (issue(1),))

    assert (verdict.score_before, verdict.score_after) == (100.0, 90.91)


def test_engines_that_ran_and_did_not_are_named() -> None:
    verdict = verdict_on((), ())

    assert (verdict.engines_run, verdict.engines_missing[0].reason, verdict.engine_ms) == (
        ("e",),
        "gone",
        1.235,
    )
