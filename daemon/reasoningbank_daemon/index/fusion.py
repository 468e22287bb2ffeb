"""One ranking out of several: reciprocal rank fusion. Pure.

References
----------
Cormack, Clarke and Büttcher, Reciprocal Rank Fusion outperforms Condorcet and individual rank learning methods (2009).
"""

from __future__ import annotations

from collections.abc import Iterable

DEPTH = 100
"""How many of each ranking take part; twice as many found no more (docs/recall.md)."""

DAMPING = 30
"""How slowly a rank loses weight: the first counts (DAMPING + 11) / (DAMPING + 1) times as much as the eleventh."""

MEANING_WEIGHT = 0.5
"""What a rank by meaning counts beside one by words."""


def fuse(by_words: Iterable[int], by_meaning: Iterable[int]) -> list[int]:
    """Return the ids of both rankings, best first; what only one of them names keeps what that one gives it.

    Examples
    --------
    >>> fuse([1, 2, 3], [3, 4])
    [3, 1, 2, 4]
    """
    scores: dict[int, float] = {}
    for weight, ranking in ((1.0, by_words), (MEANING_WEIGHT, by_meaning)):
        for rank, identifier in enumerate(ranking, start=1):
            scores[identifier] = scores.get(identifier, 0.0) + weight / (DAMPING + rank)
    return sorted(scores, key=lambda identifier: (-scores[identifier], identifier))


def mix(by_words: float, cosine: float) -> float:
    """Return how alike two texts are by words and by meaning, in [0, 1]: the mean of both.

    Either alone tells worse who is related to whom (docs/recall.md).
    """
    return (by_words + min(1.0, max(0.0, cosine))) / 2
