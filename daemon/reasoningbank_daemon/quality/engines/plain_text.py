"""Run the rules over texts: what needs no grammar."""

from __future__ import annotations

from reasoningbank_daemon.quality.engine import Document, RawIssue, TextRefusedError
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import text_rules_for
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule, Found, HistoryRule, TextRule

NAME = "text"
MAX_TEXT_CHARACTERS = 10_000_000


class PlainTextEngine:
    """Reads every text, whatever its language."""

    name = NAME
    languages: frozenset[Language] | None = None

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:  # noqa: ARG002 - it takes no time
        """Return what the rules over texts find."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, the limit is {MAX_TEXT_CHARACTERS:,}"
            )
        text = document.text
        return tuple(
            issue_at(found, rule, engine=NAME)
            for rule in text_rules_for(document.language)
            if not rule.literals or any(literal in text for literal in rule.literals)
            for found in rule.find(document)
        )

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
