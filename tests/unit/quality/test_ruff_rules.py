from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.engines.ruff_rules import (
    INVALID_SYNTAX,
    RULES,
    kind_in_file,
    kind_of,
    suggestion_for,
)
from reasoningbank_schema.verdicts import Category, Severity


@pytest.mark.parametrize(
    ("rule", "category", "severity"),
    [
        (INVALID_SYNTAX, Category.SYNTAX, Severity.ERROR),
        ("S307", Category.SECURITY, Severity.WARNING),
        ("S311", Category.SECURITY, Severity.NOTE),
        ("F401", Category.NAMES, Severity.NOTE),
        ("F821", Category.NAMES, Severity.ERROR),
        ("F502", Category.BUGS, Severity.WARNING),
        ("F507", Category.BUGS, Severity.ERROR),
        ("B006", Category.BUGS, Severity.WARNING),
        ("B904", Category.BUGS, Severity.NOTE),
        ("PLE0302", Category.BUGS, Severity.ERROR),
        ("XYZ001", Category.STYLE, Severity.NOTE),
    ],
)
def test_longest_selector_that_fits_decides(rule: str, category: Category, severity: Severity) -> None:
    assert kind_of(rule) == (category, severity)


def test_made_up_password_is_a_note_in_a_test_and_a_warning_elsewhere() -> None:
    assert kind_in_file("S105", is_test=True)[1] is Severity.NOTE
    assert kind_in_file("S105", is_test=False)[1] is Severity.WARNING


@pytest.mark.parametrize("name", ["token_type", "password_field", "PASSWORD_URL", "secret_name"])
def test_what_is_said_about_a_password_is_a_note(name: str) -> None:
    message = f'Possible hardcoded password assigned to argument: "{name}"'

    assert kind_in_file("S106", is_test=False, message=message)[1] is Severity.NOTE


def test_password_itself_is_a_warning() -> None:
    message = 'Possible hardcoded password assigned to: "db_password"'

    assert kind_in_file("S105", is_test=False, message=message)[1] is Severity.WARNING


def test_running_a_string_is_a_warning_in_tests_too() -> None:
    assert kind_in_file("S307", is_test=True)[1] is Severity.WARNING


def test_nothing_of_style_is_selected() -> None:
    assert not [rule for rule, (category, _) in RULES.items() if category is Category.STYLE]


def test_rule_without_own_words_gets_none() -> None:
    assert suggestion_for("S307") != ""
    assert suggestion_for("B006") == ""
