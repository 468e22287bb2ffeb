"""All of our own rules: every module of `rules` that holds a `RULE`. A new rule is a new file there, and nothing else."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import ModuleType

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns import rules
from reasoningbank_daemon.quality.patterns.pattern import Pattern


@functools.cache
def rule_modules() -> tuple[ModuleType, ...]:
    """Return the modules of all rules, by name."""
    names = sorted(each.name for each in pkgutil.iter_modules(rules.__path__))
    return tuple(importlib.import_module(f"{rules.__name__}.{name}") for name in names)


@functools.cache
def all_rules() -> tuple[Pattern, ...]:
    """Return all rules, in the order of their modules."""
    return tuple(module.RULE for module in rule_modules())


def patterns_for(language: Language) -> tuple[Pattern, ...]:
    """Return the rules that look at a language, in a fixed order."""
    return tuple(pattern for pattern in all_rules() if language in pattern.queries)
