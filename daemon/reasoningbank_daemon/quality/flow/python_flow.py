"""Find in a Python tree where what comes from outside does harm, and calls that get only what the program itself wrote."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import tree_sitter

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.flow.python_memory import FlowMemory, Harm
from reasoningbank_daemon.quality.flow.python_module import Recorder, follow_module
from reasoningbank_daemon.quality.flow.python_statements import Follower
from reasoningbank_daemon.quality.flow.sinks import Flows
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import flow_rules_for
from reasoningbank_daemon.quality.patterns.pattern import FlowRule
from reasoningbank_schema.verdicts import Category, Severity

_REQUEST = re.compile(
    rb"req(?:uest)?(?:\.(?:args|form|values|cookies|headers|data|json|files|query|get_|GET|POST|COOKIES|META|FILES|body|path_params"
    rb"|params|stream|arguments|match_info|rel_url|referrer|user_agent)|\))"
)
_ROUTE = re.compile(rb"@[\w.]*(?:route|get|post|put|delete|patch)\(")
_ANYWHERE = re.compile(rb"")
_SHELL = re.compile(rb"shell\s*=\s*True")
_STARTS: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"req", _REQUEST),
    (b"@", _ROUTE),
    (b"shell", _SHELL),
    *(
        (word, _ANYWHERE)
        for word in (
            b"input(", b"sys.argv", b"sys.stdin", b"get_argument", b"eval(", b"exec(", b"os.system(", b"os.popen(", b"pickle.load",
            b"yaml.load", b"yaml.unsafe_load", b".execute(",
        )
    ),
)  # fmt: skip
"""What a place worth following begins with, and the rest of it; finding a word costs a hundredth of a regular expression."""
_MOST_BYTES = 400_000
FIXED = "fixed-argument"


def python_flow_issues(
    root: tree_sitter.Node,
    places: list[int],
    column: Callable[[tree_sitter.Point], int],
    *,
    engine: str,
    memory: FlowMemory | None = None,
) -> list[RawIssue]:
    """Return the findings of all rules over flow, and evidence against findings of ruff (`RawIssue.clears`).

    `places` are those that are worth following. In most texts there is none: they take nothing from outside and call nothing that may be cleared.
    With a `memory` of similar texts it is faster.
    """
    if not places:
        return []
    rules, flows = _rules()
    recorder = Recorder()

    def report(kind: str, node: tree_sitter.Node) -> None:
        rule = rules[kind]
        issue = RawIssue(
            line=node.start_point.row + 1,
            column=column(node.start_point),
            rule=rule.rule,
            category=rule.category,
            severity=rule.severity,
            message=rule.message,
            suggestion=rule.suggestion,
            engine=engine,
        )
        recorder.heard.harm.append(Harm(kind, node.start_byte, issue))
        if rule.supersedes:
            report_fixed(rule.supersedes, frozenset({node.start_point.row + 1}))

    def report_fixed(clears: tuple[str, ...], lines: frozenset[int]) -> None:
        recorder.heard.evidence.extend(_evidence(clears, line, engine=engine) for line in lines)

    follower = Follower(flows, report, report_fixed, places)
    return follow_module(root, follower, recorder, memory or FlowMemory()).issues()


@functools.cache
def _rules() -> tuple[dict[str, FlowRule], Flows]:
    rules = {rule.python.kind: rule for rule in flow_rules_for(Language.PYTHON) if rule.python is not None}
    return rules, Flows(rule.python for rule in rules.values() if rule.python is not None)


def places_worth_following(data: bytes) -> list[int]:
    """Return the places, in order, where something comes from outside or a call may be cleared; none in a text that is too long."""
    if len(data) > _MOST_BYTES:
        return []
    places: list[int] = []
    for word, rest in _STARTS:
        start = data.find(word)
        while start >= 0:
            if rest.match(data, start):
                places.append(start)
            start = data.find(word, start + len(word))
    return sorted(places)


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
