"""All of our own rules: every module of `rules` that holds a `RULE`. A new rule is a new file there, and nothing else."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import ModuleType

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns import rules
from reasoningbank_daemon.quality.patterns.pattern import (
    ChangeRule,
    FlowRule,
    HistoryRule,
    Pattern,
    Rule,
    TextRule,
)


@functools.cache
def rule_modules() -> tuple[ModuleType, ...]:
    """Return the modules of all rules, by name."""
    names = sorted(each.name for each in pkgutil.iter_modules(rules.__path__))
    return tuple(importlib.import_module(f"{rules.__name__}.{name}") for name in names)


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Return all rules, in the order of their modules."""
    return tuple(map(_rule_of, rule_modules()))


@functools.cache
def patterns_for(language: Language) -> tuple[Pattern, ...]:
    """Return the rules over syntax trees that look at a language, in a fixed order."""
    return tuple(rule for rule in all_rules() if isinstance(rule, Pattern) and language in rule.queries)


@functools.cache
def flow_rules_for(language: Language) -> tuple[FlowRule, ...]:
    """Return the rules over what comes from outside that look at a language."""
    return tuple(rule for rule in all_rules() if isinstance(rule, FlowRule) and language in rule.languages)


@functools.cache
def text_rules_for(language: Language | None) -> tuple[TextRule, ...]:
    """Return the rules over texts that look at a language, or at a text in none."""
    return tuple(rule for rule in all_rules() if isinstance(rule, TextRule) and _looks_at(rule, language))


@functools.cache
def change_rules_for(language: Language | None) -> tuple[ChangeRule, ...]:
    """Return the rules over changes that look at a language, or at a text in none."""
    return tuple(rule for rule in all_rules() if isinstance(rule, ChangeRule) and _looks_at(rule, language))


@functools.cache
def history_rules() -> tuple[HistoryRule, ...]:
    """Return the rules over the steps of a file."""
    return tuple(rule for rule in all_rules() if isinstance(rule, HistoryRule))


def _rule_of(module: ModuleType) -> Rule:
    rule: Rule | None = getattr(module, "RULE", None)
    if rule is None:
        raise ImportError(
            f"{module.__file__} holds no RULE: see quality/patterns/pattern.py for the kinds there are"
        )
    return rule


def _looks_at(rule: TextRule | ChangeRule, language: Language | None) -> bool:
    return rule.languages is None or language in rule.languages
