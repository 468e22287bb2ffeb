"""The score of a text: 100 when nothing is found in it, falling with the weight of what is."""

from __future__ import annotations

from collections.abc import Iterable

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_schema.verdicts import Category, Severity

_WEIGHTS = {Severity.ERROR: 5.0, Severity.WARNING: 2.0, Severity.NOTE: 0.1}
_SYNTAX_ERROR_WEIGHT = 25.0
_HALF_WEIGHT = 20.0
"""The weight that halves the score: four errors, or ten warnings."""


def score(issues: Iterable[RawIssue]) -> float:
    """Return 100 · 20 / (20 + w), w being the sum of the issues' weights, rounded to two decimals.

    Weights: syntax error 25, other error 5, warning 2, note 0.1; a parse error that is only approximate
    weighs as a note. All weights are positive, so removing an issue never lowers the score. The length of the
    text is left out on purpose: a density can be raised by padding.
    """
    penalty = sum(weight(issue) for issue in issues)
    return round(100.0 * _HALF_WEIGHT / (_HALF_WEIGHT + penalty), 2)


def weight(issue: RawIssue) -> float:
    """Return what one issue adds to the penalty."""
    if issue.approximate:
        return _WEIGHTS[Severity.NOTE]
    if issue.category is Category.SYNTAX and issue.severity is Severity.ERROR:
        return _SYNTAX_ERROR_WEIGHT
    return _WEIGHTS[issue.severity]
