"""When is a task like enough to be told about? Derived from how alike unrelated tasks of this bank are. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec

DEFAULT = 0.35
"""Used while a bank is too small to tell: between the likeness of paraphrases and that of strangers."""

MIN_PAIRS = 200
SAMPLE_PAIRS = 2000
TRIES = 2 * SAMPLE_PAIRS
QUANTILE = 0.99
FLOOR = 0.2
CEILING = 0.8
"""A bank in which everything is alike must not silence what is nearly the same."""


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the least likeness that is told, and in words what it rests on."""

    value: float
    basis: str


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one task's goal and the project it belongs to."""

    project_id: int
    text: str


def derive_threshold(
    goals: Sequence[Goal], alike: Callable[[int, int], float], *, seed: int = 0
) -> Threshold:
    """Return the 99th percentile of the likeness between goals of unrelated tasks, within 0.2 and 0.8.

    Tasks of different projects are taken as unrelated. Where there are too few such pairs, most tasks of one project
    are: some pairs are not, which makes the threshold higher than it need be, never lower. Under 200 pairs of either
    kind the default is returned, and the basis says that it is one.

    Parameters
    ----------
    alike
        The likeness of two goals, given by their positions.
    """
    pairs, kind = _pairs(goals, within=False, seed=seed), "tasks of different projects"
    if len(pairs) < MIN_PAIRS:
        pairs, kind = _pairs(goals, within=True, seed=seed), "tasks of the same project"
    if len(pairs) < MIN_PAIRS:
        return Threshold(
            value=DEFAULT,
            basis=f"default, {'too little' if pairs else 'no'} evidence yet: {len(pairs)} pairs of {kind}, {MIN_PAIRS} needed",
        )
    found = sorted(alike(first, second) for first, second in pairs)
    value = min(CEILING, max(FLOOR, found[int(QUANTILE * (len(found) - 1))]))
    return Threshold(value=value, basis=f"99th percentile of {len(found)} pairs of {kind}")


def _pairs(goals: Sequence[Goal], *, within: bool, seed: int) -> list[tuple[int, int]]:
    """Return distinct pairs of goals with different texts, of one project or of two, in a reproducible order."""
    if len(goals) < 2:
        return []
    rng = random.Random(seed)  # noqa: S311  a sample for statistics, reproducible on purpose
    found: dict[tuple[int, int], None] = {}
    for _ in range(TRIES):
        first, second = sorted((rng.randrange(len(goals)), rng.randrange(len(goals))))
        same = goals[first].project_id == goals[second].project_id
        if same is within and goals[first].text != goals[second].text:
            found[first, second] = None
        if len(found) == SAMPLE_PAIRS:
            break
    return [*found]
