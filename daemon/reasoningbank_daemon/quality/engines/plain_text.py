"""Run the rules over texts: what needs no grammar."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from reasoningbank_daemon.quality.engine import Document, EngineTimeoutError, RawIssue, TextRefusedError
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import text_rules_for
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule, Found, HistoryRule, TextRule

NAME = "text"
MAX_TEXT_CHARACTERS = 10_000_000


class PlainTextEngine:
    """Reads every text, whatever its language."""

    name = NAME
    languages: frozenset[Language] | None = None

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        """Return what the rules over texts find; raises as `Engine.analyse` says."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, the limit is {MAX_TEXT_CHARACTERS:,}"
            )
        issues: list[RawIssue] = []
        for rule in text_rules_for(document.language):
            if self._clock() >= deadline:
                raise EngineTimeoutError("the deadline passed before all rules had read the text")
            if not rule.literals or any(literal in document.text for literal in rule.literals):
                issues.extend(issue_at(found, rule, engine=NAME) for found in rule.find(document))
        return tuple(issues)

    def close(self) -> None:
        """Do nothing: it holds nothing."""


def issue_at(found: Found, rule: TextRule | ChangeRule | HistoryRule, *, engine: str) -> RawIssue:
    """Return what a rule says of a place."""
    return RawIssue(
        line=found.line,
        column=found.column,
        rule=rule.rule,
        category=rule.category,
        severity=found.severity or rule.severity,
        message=found.message or rule.message,
        suggestion=found.suggestion or rule.suggestion,
        engine=engine,
    )
