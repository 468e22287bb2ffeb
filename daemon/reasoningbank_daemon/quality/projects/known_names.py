"""What rules and engines are called, for whoever names one: a misspelt name must not be without effect in silence."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection

from reasoningbank_daemon.quality import callers
from reasoningbank_daemon.quality.engines import (
    data_files,
    oxlint_engine,
    plain_text,
    ruff_engine,
    ruff_rules,
    shellcheck_engine,
    syntax_tree,
    ty_engine,
)
from reasoningbank_daemon.quality.patterns.catalogue import all_rules

_OF_DATA_FILES = ("json-syntax", "toml-syntax", "yaml-syntax")
_LINTER_CODE = re.compile(r"[A-Z]{1,8}[0-9]{3,5}")
_LINTER_CODES = re.compile(r"[A-Z]{1,8}[0-9]{0,4}\*")
_LIKE_A_BEGINNING = re.compile(r"[A-Z]{1,8}[0-9]{0,2}")


def engine_names() -> frozenset[str]:
    """Return the names of all engines, installed or not."""
    return frozenset(
        {
            data_files.NAME,
            oxlint_engine.NAME,
            plain_text.NAME,
            ruff_engine.NAME,
            shellcheck_engine.NAME,
            syntax_tree.NAME,
            ty_engine.NAME,
        }
    )


@functools.cache
def rule_names() -> frozenset[str]:
    """Return the names of the rules that are words; linters' codes are not among them."""
    return frozenset(
        {
            *(rule.rule for rule in all_rules()),
            *oxlint_engine.rules(),
            *ty_engine.RULES,
            *_OF_DATA_FILES,
            oxlint_engine.SYNTAX_RULE,
            ruff_rules.INVALID_SYNTAX,
            syntax_tree.SYNTAX_RULE,
            callers.RULE,
        }
    )


def fault_in_rule(name: str, rules: Collection[str], *, beginnings: bool) -> str:
    """Return what is wrong with the name of a rule, empty where nothing is; `beginnings` may end with `*`."""
    if name in rules or _LINTER_CODE.fullmatch(name):
        return ""
    if beginnings and name.endswith("*"):
        if _LINTER_CODES.fullmatch(name) or any(rule.startswith(name[:-1]) for rule in rules):
            return ""
        return f"no rule's name begins with {name[:-1]!r}"
    if beginnings and _LIKE_A_BEGINNING.fullmatch(name):
        return f"no rule is called {name!r}; for all that begin so, write {name + '*'!r}"
    near = difflib.get_close_matches(name, rules, n=1)
    if not near and _LINTER_CODE.fullmatch(name.upper()):
        near = [name.upper()]
    return f"no rule is called {name!r}" + (f". Did you mean {near[0]!r}?" if near else "")


def fault_in_engine(name: str, engines: Collection[str]) -> str:
    """Return what is wrong with the name of an engine, empty where nothing is."""
    return "" if name in engines else f"no engine is called {name!r}; there are: {', '.join(sorted(engines))}"
