"""An edit puts back what an earlier edit of this task had replaced, for the second time: the work goes in circles.

Taking back a try is part of work, and is only noted. Who makes the same change again, and takes it back again, has learned
nothing in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import Found, HistoryRule, Step
from reasoningbank_schema.verdicts import Category, Severity


def _find(earlier: Sequence[Step], step: Step) -> Found | None:
    if not step.new:  # taking out what was put in to look for a fault is tidy
        return None
    undone = sum(each.old == step.new and each.new == step.old for each in earlier)
    if not undone:
        return None
    return Found(line=step.line, severity=Severity.WARNING if undone > 1 else Severity.NOTE)


RULE = HistoryRule(
    rule="undone-edit",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="this puts back what an earlier edit of this task replaced, again",
    suggestion="find out why neither works before the next change",
    find=_find,
    fires=((Language.PYTHON, ("a = 1\n", "a = 2\n", "a = 1\n", "a = 2\n", "a = 1\n")),),
    quiet=(
        (Language.PYTHON, ("a = 1\n", "a = 2\n", "a = 3\n", "a = 4\n")),
        (Language.PYTHON, ("a = 1\n", "print(a)\na = 1\n", "a = 1\n", "print(a)\na = 1\n", "a = 1\n")),
    ),
)
