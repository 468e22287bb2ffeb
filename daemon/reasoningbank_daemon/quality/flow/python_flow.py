"""Find in a Python tree where what comes from outside does harm, and calls that get only what the program itself wrote."""

from __future__ import annotations

import re
from collections.abc import Callable

import tree_sitter

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.flow.python_statements import Follower
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import flow_rules_for
from reasoningbank_schema.verdicts import Category, Severity

_OUTSIDE = re.compile(
    r"\b(?:request|req|sys\.argv|self\.get_argument)\b|\binput\(|^\s*@[\w.]*(?:route|get|post|put|delete|patch)\(",
    re.MULTILINE,
)
_MAY_BE_FIXED = re.compile(
    r"\b(?:eval|exec)\(|\bos\.(?:system|popen)\(|\bshell\s*=\s*True|\bpickle\.loads?\(|\byaml\.(?:unsafe_)?load\(|\.execute\("
)
_MOST_CHARACTERS = 400_000
FIXED = "fixed-argument"


def python_flow_issues(
    root: tree_sitter.Node, text: str, column: Callable[[tree_sitter.Point], int], *, engine: str
) -> list[RawIssue]:
    """Return the findings of all rules over flow, and evidence against findings of ruff (`RawIssue.clears`).

    Nothing is followed in a text that takes nothing from outside and calls nothing that may be cleared: most are such.
    """
    if len(text) > _MOST_CHARACTERS or not (_OUTSIDE.search(text) or _MAY_BE_FIXED.search(text)):
        return []
    rules = {rule.python.kind: rule for rule in flow_rules_for(Language.PYTHON) if rule.python is not None}
    found: dict[tuple[str, int], RawIssue] = {}
    evidence: list[RawIssue] = []

    def report(kind: str, node: tree_sitter.Node) -> None:
        rule = rules[kind]
        found[kind, node.start_byte] = RawIssue(
            line=node.start_point.row + 1,
            column=column(node.start_point),
            rule=rule.rule,
            category=rule.category,
            severity=rule.severity,
            message=rule.message,
            suggestion=rule.suggestion,
            engine=engine,
        )

    def report_fixed(clears: tuple[str, ...], lines: frozenset[int]) -> None:
        evidence.extend(_evidence(clears, line, engine=engine) for line in lines)

    flows = tuple(rule.python for rule in rules.values() if rule.python is not None)
    Follower(flows, report, report_fixed).follow(root)
    return [*found.values(), *evidence]


def _evidence(clears: tuple[str, ...], line: int, *, engine: str) -> RawIssue:
    return RawIssue(
        line=line,
        column=1,
        rule=FIXED,
        category=Category.SECURITY,
        severity=Severity.NOTE,
        message="what this call gets is written in the program, or was checked",
        engine=engine,
        clears=clears,
    )
