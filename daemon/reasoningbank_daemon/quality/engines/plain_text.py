"""Run the rules over texts: what needs no grammar."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from reasoningbank_daemon.quality.engine import Document, EngineTimeoutError, RawIssue, TextRefusedError
from reasoningbank_daemon.quality.engines.text_rereading import (
    Reading,
    RuleFindings,
    read_whole,
    rereading,
)
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import text_rules_for
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule, Found, HistoryRule, TextRule

NAME = "text"
MAX_TEXT_CHARACTERS = 10_000_000
_MOST_KEPT = 500_000
"""Of characters of a text that is remembered, one by each thread, until the next one is read."""


class PlainTextEngine:
    """Reads every text, whatever its language."""

    name = NAME
    languages: frozenset[Language] | None = None

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._last = threading.local()

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        """Return what the rules over texts find; raises as `Engine.analyse` says."""
        if len(document.text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(document.text):,} characters, the limit is {MAX_TEXT_CHARACTERS:,}"
            )
        is_kept = len(document.text) <= _MOST_KEPT
        again = rereading(getattr(self._last, "reading", None), document) if is_kept else None
        rules = text_rules_for(document.language)
        found: list[RuleFindings] = []
        for number, rule in enumerate(rules):
            if self._clock() >= deadline:
                raise EngineTimeoutError("the deadline passed before all rules had read the text")
            found.append(read_whole(rule, document) if again is None else again.find(number, rule))
        if is_kept:
            self._last.reading = Reading(document=document, found=found)
        return tuple(
            issue_at(place, rule, engine=NAME)
            for rule, places in zip(rules, found, strict=True)
            for place in places or ()
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
