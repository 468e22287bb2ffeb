"""Name the way in which a task was worked on, and which way the record of similar tasks speaks for."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable

import msgspec

from reasoningbank_daemon.learning.checks import CheckKind, checks_in
from reasoningbank_daemon.learning.posterior import Belief, probability_exceeds, probability_reaches
from reasoningbank_daemon.learning.steps import changes_files, in_order, is_prose
from reasoningbank_daemon.learning.trajectory import Step, StepKind


class Strategy(enum.StrEnum):
    """Name an order of steps."""

    SMALL_STEPS = "small-steps"
    """At least three times an edit followed by a check."""
    TEST_FIRST = "test-first"
    """Tests were run, or written, before anything else was edited."""
    EDIT_THEN_CHECK = "edit-then-check"
    """Edits, and a check after the last of them."""
    UNCHECKED = "unchecked"
    """Edits, and no check after the last of them."""
    NO_EDIT = "no-edit"
    """Nothing was edited."""


DEFAULT_STRATEGY = "default"
"""What is said when the record speaks for none."""

ROUNDS = 3
_TEST_FILE = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__)/|(?:^|/)test_[^/]+$|[._-](?:test|spec)s?\.\w+$", re.IGNORECASE
)


class StrategyPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Say how much evidence a strategy needs before it is named."""

    min_tasks: int = 3
    assurance: float = 0.8


class SimilarTask(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is known of an earlier task like the one at hand.

    ``probability`` of success None: not judged. ``likeness`` in [0, 1] is the recall's. ``strategy`` is
    `strategy_of` its steps.
    """

    duration_s: float
    model: str
    cost_usd: float | None = None
    probability: float | None = None
    likeness: float = 1.0
    strategy: str = ""


def strategy_of(steps: Iterable[Step]) -> Strategy:
    """Return the strategy that an order of steps shows.

    Notes
    -----
    Tried in this order: no edit, small steps, test first, edit then check, unchecked. Edits of prose count only
    where there are no others.
    """
    marks = _marks(in_order(steps))
    if not {"E", "T"} & set(marks):
        return Strategy.NO_EDIT
    if len(re.findall(r"[ET]+[cC]", marks)) >= ROUNDS:
        return Strategy.SMALL_STEPS
    if re.match(r"c*(?:C|T)", marks) is not None:
        return Strategy.TEST_FIRST
    return Strategy.EDIT_THEN_CHECK if marks[-1] in "cC" else Strategy.UNCHECKED


def best_strategy(similar: Iterable[SimilarTask], policy: StrategyPolicy) -> tuple[str, str]:
    """Return the strategy that similar tasks speak for, and the reason in words.

    Parameters
    ----------
    similar
        In any order. Only judged ones with a strategy that edits count, a doubtful one by ``|2 p - 1|``.

    Returns
    -------
    tuple[str, str]
        ``("default", "")`` unless one strategy was used by at least ``policy.min_tasks`` tasks and is better with
        probability ``policy.assurance`` than the next best, or, where it is the only one, than even odds.
    """
    beliefs = _beliefs(similar)
    enough = [name for name, belief in beliefs.items() if belief.judged >= policy.min_tasks]
    if not enough:
        return DEFAULT_STRATEGY, ""
    best = min(enough, key=lambda name: (-beliefs[name].mean, name))
    others = [name for name in beliefs if name != best]
    if others:
        rival = min(others, key=lambda name: (-beliefs[name].mean, name))
        assured = probability_exceeds(beliefs[best], beliefs[rival])
        compared = f"better than {rival} with probability {assured:.2f}"
    else:
        assured = probability_reaches(beliefs[best], 0.5)
        compared = f"succeeds more often than not with probability {assured:.2f}"
    if assured < policy.assurance:
        return DEFAULT_STRATEGY, ""
    belief = beliefs[best]
    return (
        best,
        f"{best}: {belief.successes} of {belief.judged} similar tasks worked on so succeeded ({compared}).",
    )


def _beliefs(similar: Iterable[SimilarTask]) -> dict[str, Belief]:
    groups: dict[str, list[float]] = {}
    for task in similar:
        if task.probability is not None and 0.0 <= task.probability <= 1.0 and task.strategy in _COMPARED:
            groups.setdefault(task.strategy, []).append(task.probability)
    return {name: _belief(sorted(probabilities)) for name, probabilities in sorted(groups.items())}


def _belief(probabilities: list[float]) -> Belief:
    return Belief(
        alpha=1.0 + sum(abs(2.0 * chance - 1.0) * chance for chance in probabilities),
        beta=1.0 + sum(abs(2.0 * chance - 1.0) * (1.0 - chance) for chance in probabilities),
        judged=len(probabilities),
        successes=sum(chance > 0.5 for chance in probabilities),
    )


_COMPARED = frozenset(Strategy) - {Strategy.NO_EDIT}


def _marks(steps: tuple[Step, ...]) -> str:
    """Write steps as letters: E an edit, T an edit of a test file, C a test run, c another check."""
    marks: list[str] = []
    prose: list[str] = []
    for step in steps:
        if changes_files(step):
            if step.kind is StepKind.EDIT and is_prose(step.path):
                prose.append("E")
            else:
                marks.append("T" if _TEST_FILE.search(step.path) is not None else "E")
        if step.kind is StepKind.COMMAND:
            kinds = {check.kind for check in checks_in(step.command, exit_status=step.exit_status, output="")}
            if kinds:
                marks.append("C" if CheckKind.TEST in kinds else "c")
    return "".join(marks) if {"E", "T"} & set(marks) else "".join([*prose, *marks])
