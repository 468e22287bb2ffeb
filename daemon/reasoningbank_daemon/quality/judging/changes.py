"""Run the rules over a change."""

from __future__ import annotations

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.engines.plain_text import issue_at
from reasoningbank_daemon.quality.judging.change import change_of
from reasoningbank_daemon.quality.patterns.catalogue import change_rules_for

NAME = "changes"
"""What a verdict gives as the engine of such an issue."""
MAX_TEXT_CHARACTERS = 1_000_000


def change_issues(before: Document | None, after: Document) -> tuple[RawIssue, ...]:
    """Return what the rules over changes find; nothing in texts that are too large, or not text."""
    texts = (after.text,) if before is None else (after.text, before.text)
    if any(len(text) > MAX_TEXT_CHARACTERS or "\0" in text for text in texts):
        return ()
    change = change_of(
        path=after.path,
        language=after.language,
        before=None if before is None else before.text,
        after=after.text,
        lines=([] if before is None else before.lines, after.lines),
    )
    return tuple(
        issue_at(found, rule, engine=NAME)
        for rule in change_rules_for(after.language)
        for found in rule.find(change)
    )
