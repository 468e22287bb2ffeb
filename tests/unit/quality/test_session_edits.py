from __future__ import annotations

import msgspec

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.judging.session_edits import Remark, SessionEdits
from reasoningbank_schema.verdicts import Category, EditVerdict, Issue, Label, Severity


def raw(line: int, rule: str = "S307") -> RawIssue:
    return RawIssue(
        line=line,
        column=1,
        rule=rule,
        category=Category.SECURITY,
        severity=Severity.WARNING,
        message="unsafe",
        engine="ruff",
    )


def verdict(*issues: RawIssue, sha: str = "a", engines: tuple[str, ...] = ("ruff",)) -> EditVerdict:
    told = tuple(
        Issue(
            line=each.line,
            column=1,
            rule=each.rule,
            category=each.category,
            severity=each.severity,
            message=each.message,
            engine=each.engine,
        )
        for each in issues
    )
    return EditVerdict(
        path="/p/a.py",
        language="python",
        label=Label.WORSE,
        score_after=90.0,
        content_sha256=sha,
        issues=told,
        new_issues=len(told),
        engines_run=engines,
    )


def test_issue_that_was_told_and_still_stands_is_not_told_again_though_it_moved() -> None:
    edits = SessionEdits()
    edits.take(verdict(raw(1)), [raw(1)], "eval(x)\n")

    again = edits.take(verdict(raw(2), sha="b"), [raw(2)], "import a\n  eval(x)\n")

    assert again.issues == ()
    assert again.new_issues == 0


def test_remark_that_was_not_heard_is_given_back_once_and_only_while_the_text_is_the_same() -> None:
    edits = SessionEdits()
    edits.take(verdict(raw(1)), [raw(1)], "eval(x)\n")
    holds = Remark(path="/p/a.py", content_sha256="a", text="this holds")
    edits.keep_unheard([holds, Remark(path="/p/a.py", content_sha256="of before", text="this does not")])

    first, second = edits.take_unheard(), edits.take_unheard()

    assert (first, second) == ((holds,), ())
    assert not edits.has_unheard


def test_remark_that_was_not_heard_goes_with_what_is_summed_up() -> None:
    edits = SessionEdits()
    edits.take(verdict(raw(1)), [raw(1)], "eval(x)\n")
    edits.keep_unheard([Remark(path="/p/a.py", content_sha256="a", text="this holds")])

    summary = edits.sum_up()

    assert summary is not None
    assert "S307" in summary
    assert not edits.has_unheard


def test_issue_that_was_told_is_no_news_when_the_edit_that_broke_its_file_is_mended() -> None:
    edits = SessionEdits()
    edits.take(verdict(raw(1)), [raw(1)], "eval(x)\n")
    unclosed = msgspec.structs.replace(raw(1, "invalid-syntax"), category=Category.SYNTAX)
    edits.take(verdict(unclosed, sha="b"), [unclosed], "eval(x\n")
    edits.take(verdict(sha="c"), [unclosed], "y\neval(x\n")  # broken as before: nothing new

    mended = edits.take(verdict(raw(1), sha="d"), [raw(1)], "eval(x)\n")

    assert mended.issues == ()


def test_issue_that_was_resolved_and_comes_back_is_told_again() -> None:
    edits = SessionEdits()
    edits.take(verdict(raw(1)), [raw(1)], "eval(x)\n")
    edits.take(verdict(sha="b"), [], "int(x)\n")

    back = edits.take(verdict(raw(1), sha="c"), [raw(1)], "eval(x)\n")

    assert [issue.rule for issue in back.issues] == ["S307"]


def test_summary_names_what_is_still_open_once() -> None:
    edits = SessionEdits()
    edits.take(verdict(raw(1), raw(2, "S608")), [raw(1), raw(2, "S608")], "eval(x)\nrun(q)\n")
    edits.take(verdict(sha="b"), [raw(1)], "eval(x)\nsafe(q)\n")

    summary = edits.sum_up()

    assert summary == ("1 issue that edits of this task brought in is still there:\na.py:1 S307: unsafe")
    assert edits.sum_up() is None


def test_later_opinion_on_a_text_that_has_changed_since_is_dropped() -> None:
    edits = SessionEdits()
    edits.take(verdict(sha="b"), [], "int(x)\n")

    assert edits.add(verdict(raw(1), sha="a"), "eval(x)\n") is None


def test_later_opinion_is_told_once_and_counts_as_open() -> None:
    edits = SessionEdits()
    edits.take(verdict(sha="a"), [], "f(x)\n")

    first = edits.add(verdict(raw(1, "missing-argument"), sha="a", engines=("ty",)), "f(x)\n")
    second = edits.add(verdict(raw(1, "missing-argument"), sha="a", engines=("ty",)), "f(x)\n")

    assert first is not None
    assert second is None
    assert "missing-argument" in (edits.sum_up() or "")
