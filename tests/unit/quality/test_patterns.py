from __future__ import annotations

import itertools
import math

import pytest

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.engines.plain_text import PlainTextEngine
from reasoningbank_daemon.quality.engines.syntax_tree import find_issues
from reasoningbank_daemon.quality.judging.changes import change_issues
from reasoningbank_daemon.quality.judging.history import FileHistories
from reasoningbank_daemon.quality.patterns.catalogue import all_rules, rule_modules
from reasoningbank_daemon.quality.patterns.pattern import (
    EXAMPLE_PATH,
    ChangeExample,
    ChangeRule,
    Example,
    FlowRule,
    HistoryRule,
    Pattern,
    TextRule,
)
from reasoningbank_schema.verdicts import Severity

PATTERNS = [each for each in all_rules() if isinstance(each, Pattern)]
IN_TREES = [each for each in all_rules() if isinstance(each, Pattern | FlowRule)]
TEXT_RULES = [each for each in all_rules() if isinstance(each, TextRule)]
HISTORY_RULES = [each for each in all_rules() if isinstance(each, HistoryRule)]
CHANGE_RULES = [each for each in all_rules() if isinstance(each, ChangeRule)]


def examples(rules: list[Pattern | FlowRule] | list[TextRule], kind: str) -> list[tuple[str, Example]]:
    return [(each.rule, example) for each in rules for example in getattr(each, kind)]


def changes(kind: str) -> list[tuple[str, ChangeExample]]:
    return [(each.rule, example) for each in CHANGE_RULES for example in getattr(each, kind)]


def in_tree(example: Example) -> set[str]:
    language, text = example
    return {issue.rule for issue in find_issues(language, text, math.inf)}


def in_text(example: Example) -> set[str]:
    language, text = example
    document = Document(path="example", language=language, text=text)
    return {issue.rule for issue in PlainTextEngine().analyse(document, math.inf)}


def in_change(example: ChangeExample) -> set[str]:
    language, before, after = example
    old = None if before is None else Document(path=EXAMPLE_PATH, language=language, text=before)
    new = Document(path=EXAMPLE_PATH, language=language, text=after)
    return {issue.rule for issue in change_issues(old, new)}


def in_history(texts: tuple[str, ...]) -> set[str]:
    histories = FileHistories()
    found = [histories.take("a.py", before, after) for before, after in itertools.pairwise(texts)]
    return {issue.rule for issue in found[-1] if issue.severity is not Severity.NOTE}


@pytest.mark.parametrize("rule", HISTORY_RULES, ids=lambda rule: rule.rule)
def test_rule_over_histories_fires_and_stays_quiet(rule: HistoryRule) -> None:
    assert [rule.rule in in_history(texts) for _, texts in rule.fires] == [True] * len(rule.fires)
    assert [rule.rule in in_history(texts) for _, texts in rule.quiet] == [False] * len(rule.quiet)


@pytest.mark.parametrize(("rule", "example"), examples(IN_TREES, "fires"))
def test_rule_over_trees_fires(rule: str, example: Example) -> None:
    assert rule in in_tree(example)


@pytest.mark.parametrize(("rule", "example"), examples(IN_TREES, "quiet"))
def test_rule_over_trees_stays_quiet(rule: str, example: Example) -> None:
    assert rule not in in_tree(example)


@pytest.mark.parametrize(("rule", "example"), examples(TEXT_RULES, "fires"))
def test_rule_over_texts_fires(rule: str, example: Example) -> None:
    assert rule in in_text(example)


@pytest.mark.parametrize(("rule", "example"), examples(TEXT_RULES, "quiet"))
def test_rule_over_texts_stays_quiet(rule: str, example: Example) -> None:
    assert rule not in in_text(example)


@pytest.mark.parametrize(("rule", "example"), changes("fires"))
def test_rule_over_changes_fires(rule: str, example: ChangeExample) -> None:
    assert rule in in_change(example)


@pytest.mark.parametrize(("rule", "example"), changes("quiet"))
def test_rule_over_changes_stays_quiet(rule: str, example: ChangeExample) -> None:
    assert rule not in in_change(example)


@pytest.mark.parametrize(("rule", "example"), changes("fires"))
def test_rule_over_changes_is_quiet_where_nothing_changed(rule: str, example: ChangeExample) -> None:
    language, _, after = example

    assert rule not in in_change((language, after, after))


def test_every_query_of_every_rule_is_shown_to_fire() -> None:
    shown = {(each.rule, language) for each in PATTERNS for language, _ in each.fires}

    assert {(each.rule, language) for each in PATTERNS for language in each.queries} == shown


def test_every_rule_is_shown_to_fire_and_to_stay_quiet() -> None:
    assert [each.rule for each in all_rules() if not each.fires or not each.quiet] == []


def test_every_rule_is_named_as_its_module() -> None:
    assert [each.RULE.rule.replace("-", "_") for each in rule_modules()] == [
        each.__name__.rpartition(".")[2] for each in rule_modules()
    ]


def test_every_rule_says_in_one_line_what_it_finds() -> None:
    first = [(each.__doc__ or "").split("\n")[0] for each in rule_modules()]

    assert [line for line in first if not line or len(line) > 160] == []
