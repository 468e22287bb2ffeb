from __future__ import annotations

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.projects.linter_settings import LinterSettings
from reasoningbank_daemon.quality.projects.policy import Policy, wanted
from reasoningbank_schema.verdicts import Category, Severity

DOCUMENT = Document(path="/p/a.py", language=Language.PYTHON, text="a = 1\nb = eval(a)\n")


def issue(rule: str = "S307", **changes: object) -> RawIssue:
    values: dict[str, object] = {
        "line": 2,
        "column": 5,
        "rule": rule,
        "category": Category.SECURITY,
        "severity": Severity.WARNING,
        "message": "unsafe",
        "engine": "ruff",
    }
    return RawIssue(**{**values, **changes})  # type: ignore[arg-type]


def severities(policy: Policy, *issues: RawIssue) -> list[Severity]:
    return [each.severity for each in wanted(issues, DOCUMENT, policy)]


def test_rule_that_is_off_is_not_wanted() -> None:
    assert severities(Policy(severities={"S307": None}), issue()) == []


def test_longest_beginning_that_fits_a_rule_decides() -> None:
    policy = Policy(severities={"S*": None, "S3*": Severity.ERROR})

    assert severities(policy, issue("S307"), issue("S101")) == [Severity.ERROR]


def test_each_false_alarm_lowers_the_severity_by_one_and_is_counted_in_the_message() -> None:
    found = wanted([issue(severity=Severity.ERROR)], DOCUMENT, Policy(false_alarms={"S307": 2}))

    assert found[0].severity is Severity.NOTE
    assert "2 times" in found[0].message


def test_syntax_error_stays_an_error_however_often_it_is_called_a_false_alarm() -> None:
    broken = issue("invalid-syntax", category=Category.SYNTAX, severity=Severity.ERROR)

    assert severities(Policy(false_alarms={"invalid-syntax": 9}), broken) == [Severity.ERROR]


def test_what_the_projects_linter_switches_off_is_not_wanted_unless_it_breaks_the_file() -> None:
    policy = Policy(linters=LinterSettings(ruff_ignored=("S", "E9")))
    broken = issue("E999", category=Category.SYNTAX, severity=Severity.ERROR)

    assert [each.rule for each in wanted([issue(), broken], DOCUMENT, policy)] == ["E999"]


def test_complexity_below_the_projects_threshold_is_not_wanted() -> None:
    complex_function = issue("C901", message="`f` is too complex (18 > 15)")

    assert severities(Policy(complexity=20), complex_function) == []
    assert severities(Policy(complexity=17), complex_function) == [Severity.WARNING]


def test_ignore_comment_with_a_reason_takes_its_finding_out() -> None:
    text = "a = 1\nb = eval(a)  # reasoningbank: ignore[S307] a is ours\n"
    document = Document(path="/p/a.py", language=Language.PYTHON, text=text)

    assert wanted([issue()], document, Policy()) == ()
