from __future__ import annotations

import math

import pytest

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import all_rules, rule_modules
from reasoningbank_daemon.quality.syntax_tree import find_issues

FIRES = [(each.rule, language, text) for each in all_rules() for language, text in each.fires]
STAYS_QUIET = [(each.rule, language, text) for each in all_rules() for language, text in each.quiet]


def rules_in(language: Language, text: str) -> set[str]:
    return {issue.rule for issue in find_issues(language, text, math.inf)}


@pytest.mark.parametrize(("rule", "language", "text"), FIRES)
def test_rule_fires(rule: str, language: Language, text: str) -> None:
    assert rule in rules_in(language, text)


@pytest.mark.parametrize(("rule", "language", "text"), STAYS_QUIET)
def test_rule_stays_quiet(rule: str, language: Language, text: str) -> None:
    assert rule not in rules_in(language, text)


def test_every_query_of_every_rule_is_shown_to_fire() -> None:
    shown = {(rule, language) for rule, language, _ in FIRES}

    assert {(each.rule, language) for each in all_rules() for language in each.queries} == shown


def test_every_rule_is_shown_to_stay_quiet() -> None:
    assert {each.rule for each in all_rules()} == {rule for rule, _, _ in STAYS_QUIET}


def test_every_rule_is_named_as_its_module() -> None:
    assert [each.RULE.rule.replace("-", "_") for each in rule_modules()] == [
        each.__name__.rpartition(".")[2] for each in rule_modules()
    ]
