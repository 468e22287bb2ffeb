"""Run the rules over what comes from outside in the languages that are followed line by line."""

from __future__ import annotations

import msgspec

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.flow.lines import SOURCES, follow_lines
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import flow_rules_for


def line_flow_issues(text: str, language: Language, *, engine: str) -> list[RawIssue]:
    """Return the findings of all rules over flow in a text."""
    if language not in SOURCES:
        return []
    rules = {rule.rule: rule for rule in flow_rules_for(language)}
    sinks = {name: rule.lines[language] for name, rule in rules.items()}
    issues: list[RawIssue] = []
    for found in follow_lines(text, language, sinks):
        rule = rules[found.kind]
        issue = RawIssue(
            line=found.line,
            column=found.column,
            rule=rule.rule,
            category=rule.category,
            severity=rule.severity,
            message=rule.message,
            suggestion=rule.suggestion,
            engine=engine,
        )
        issues.append(issue)
        if rule.supersedes:
            issues.append(msgspec.structs.replace(issue, clears=rule.supersedes))
    return issues
