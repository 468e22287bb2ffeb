from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.judging.advice import MOST_CHARACTERS, advice_text
from reasoningbank_schema.verdicts import Category, EditVerdict, Issue, Label, Severity


def issue(line: int, **changes: object) -> Issue:
    fields: dict[str, object] = {
        "line": line,
        "column": 1,
        "rule": "S307",
        "category": Category.SECURITY,
        "severity": Severity.WARNING,
        "message": "Use of `eval`",
        "engine": "ruff",
    }
    return Issue(**(fields | changes))  # type: ignore[arg-type]


def verdict(*issues: Issue, label: Label = Label.WORSE, new_issues: int | None = None) -> EditVerdict:
    return EditVerdict(
        path="src/pkg/good.py",
        language="python",
        label=label,
        score_after=90.0,
        content_sha256="0" * 64,
        issues=issues,
        new_issues=len(issues) if new_issues is None else new_issues,
    )


def test_issue_is_told_with_place_rule_reason_and_what_helps() -> None:
    text = advice_text(verdict(issue(2, suggestion="use ast.literal_eval")))

    assert text == (
        "This edit brought new issues into good.py.\n"
        "good.py:2 S307 (security): Use of `eval` — use ast.literal_eval"
    )


@pytest.mark.parametrize("label", [Label.SAME, Label.BETTER])
def test_nothing_is_said_when_nothing_got_worse(label: Label) -> None:
    assert advice_text(verdict(issue(1, severity=Severity.NOTE), label=label)) is None


def test_notes_are_left_out_beside_a_warning() -> None:
    text = advice_text(verdict(issue(1), issue(2, severity=Severity.NOTE, rule="F401")))

    assert text is not None
    assert "F401" not in text
    assert "more" not in text


def test_five_issues_are_told_and_the_others_counted() -> None:
    text = advice_text(verdict(*(issue(n) for n in range(1, 101)), new_issues=10_000))

    assert text is not None
    assert text.count("good.py:") == 5
    assert text.endswith("9,995 more not shown.")


def test_broken_file_is_said_to_be_broken() -> None:
    broken = issue(3, category=Category.SYNTAX, severity=Severity.ERROR, rule="syntax-error")

    text = advice_text(verdict(broken, label=Label.BROKEN))

    assert text is not None
    assert text.startswith("After this edit good.py no longer parses.")


def test_text_stays_within_its_bound_whatever_the_messages() -> None:
    long = [issue(n, message="word " * 500, suggestion="é" * 900, rule="R" * 20) for n in range(1, 8)]

    text = advice_text(verdict(*long))

    assert text is not None
    assert len(text) <= MOST_CHARACTERS
    assert "\n" not in text.split("\n", 1)[1].split("\n")[0]
