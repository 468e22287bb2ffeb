"""When is a task like enough to be told about? Derived from how alike unrelated tasks of this bank are. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from reasoningbank_daemon.index.analysis import likeness, profile

DEFAULT = 0.35
"""Used while a bank is too small to tell: between the likeness of paraphrases and that of strangers."""

MIN_PAIRS = 200
SAMPLE_PAIRS = 2000
QUANTILE = 0.99
FLOOR = 0.2


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the least likeness that is told, and in words what it rests on."""

    value: float
    basis: str


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one task's goal and the project it belongs to."""

    project_id: int
    text: str


def derive_threshold(goals: Sequence[Goal], *, seed: int = 0) -> Threshold:
    """Return the 99th percentile of the likeness between goals of different projects.

    Tasks of different projects are taken as unrelated. Under 200 such pairs the default is returned, and the
    basis says so.
    """
    rng = random.Random(seed)  # noqa: S311  a sample for statistics, reproducible on purpose
    pairs: list[tuple[str, str]] = []
    for _ in range(SAMPLE_PAIRS * 2):
        if len(goals) < 2 or len(pairs) == SAMPLE_PAIRS:
            break
        first, second = rng.choice(goals), rng.choice(goals)
        if first.project_id != second.project_id and first.text != second.text:
            pairs.append((first.text, second.text))
    distinct = set(pairs)
    if len(distinct) < MIN_PAIRS:
        return Threshold(value=DEFAULT, basis=f"default: {len(distinct)} unrelated pairs, {MIN_PAIRS} needed")
    profiles = {text: profile(text) for text in {text for pair in distinct for text in pair}}
    found = sorted(likeness(profiles[first], profiles[second]) for first, second in distinct)
    value = max(FLOOR, found[int(QUANTILE * (len(found) - 1))])
    return Threshold(value=value, basis=f"99th percentile of {len(found)} pairs of unrelated tasks")
