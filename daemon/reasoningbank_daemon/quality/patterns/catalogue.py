"""All rules over syntax trees, by language."""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns import agent_habits, bugs, security
from reasoningbank_daemon.quality.patterns.pattern import Pattern

ALL_PATTERNS: tuple[Pattern, ...] = (*security.PATTERNS, *bugs.PATTERNS, *agent_habits.PATTERNS)


def patterns_for(language: Language) -> tuple[Pattern, ...]:
    """Return the rules that look at a language, in a fixed order."""
    return tuple(pattern for pattern in ALL_PATTERNS if language in pattern.queries)
