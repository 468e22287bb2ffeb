from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.judging.change import change_of
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule
from reasoningbank_daemon.quality.patterns.rules import assertion_removed, commented_out_code, deleted_test
from reasoningbank_schema.verdicts import Severity

TWO_TESTS = "def test_a():\n    assert f()\n\n\ndef test_b():\n    assert g()\n"


def severities(rule: ChangeRule, before: str, after: str) -> list[Severity]:
    change = change_of(path="tests/test_f.py", language=Language.PYTHON, before=before, after=after)
    return [found.severity or rule.severity for found in rule.find(change)]


def test_one_test_alone_that_is_gone_is_told() -> None:
    after = "def test_a():\n    assert f()\n"

    assert severities(deleted_test.RULE, TWO_TESTS, after) == [Severity.WARNING]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TWO_TESTS, "import f\n"),
        (f"from m import g\n\n\n{TWO_TESTS}", "def test_a():\n    assert f()\n"),
        (TWO_TESTS, "def test_a():\n    assert f(1)\n"),
    ],
    ids=["all of them", "what it imported too", "another rewritten"],
)
def test_tests_that_were_reworked_are_a_note(before: str, after: str) -> None:
    assert severities(deleted_test.RULE, before, after) == [Severity.NOTE]


def test_assertion_over_several_lines_that_is_gone_is_told() -> None:
    before = "def test_a():\n    x = f()\n    assert x\n    assertEqual(\n        x,\n        1,\n    )\n"
    after = "def test_a():\n    x = f()\n    assert x\n"

    assert severities(assertion_removed.RULE, before, after) == [Severity.WARNING]


def test_assertion_that_went_with_what_leads_to_it_is_a_note() -> None:
    before = "def test_a():\n    assert f()\n    with old():\n        assert g()\n"
    after = "def test_a():\n    assert f()\n"

    assert severities(assertion_removed.RULE, before, after) == [Severity.NOTE]


def test_code_in_a_comment_that_says_why_is_a_note() -> None:
    before = "check(x)\n"
    after = "# this was far too slow\n# check(x)\n"

    assert severities(commented_out_code.RULE, before, after) == [Severity.NOTE]
