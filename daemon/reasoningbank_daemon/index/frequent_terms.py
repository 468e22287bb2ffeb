"""Which terms are in many documents, and which of a question's are searched for because of that."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping

import msgspec

FREQUENT_FROM = 100
"""A term in so many documents is a frequent one: its count is kept, in memory and on disk, some 100 bytes each."""

FREQUENT_TERMS = 11
"""The time of a search grows with what it reads; of the frequent terms the most telling do (more find no better)."""

POSTINGS_READ, FREQUENT_AT_LEAST = 30_000, 3
"""And with the documents that each is in: in a large bank, a common term that would go beyond is left out."""

RARE_TERMS = 128
"""What is not frequent is asked for uncounted: to look for a term that is nowhere takes two microseconds."""


class FrequentTerms:
    """Count the documents of each term that is in many.

    `note` and `settle` belong to one thread; ``counts`` may be read by any.
    """

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self.counts: dict[str, int] = dict(counts or {})
        self._noted: set[str] = set()

    def note(self, terms: Iterable[str]) -> None:
        """Note the terms of a document whose counts change with the next commit."""
        self._noted.update(terms)

    def settle(self, count: Callable[[str], int]) -> None:
        """Count what was noted again; ``count`` says in how many documents a term is since the commit."""
        for term in self._noted:
            found = count(term)
            if found >= FREQUENT_FROM:
                self.counts[term] = found
            else:
                self.counts.pop(term, None)
        self._noted.clear()


def counts_sha256(counts: Mapping[str, int]) -> str:
    """Return the sum of counts as a manifest holds them: a flipped bit in them would change what is found."""
    return hashlib.sha256(msgspec.json.encode(counts)).hexdigest()


def telling_terms(
    asked: Mapping[str, int], frequent: Mapping[str, int], documents: int
) -> list[tuple[str, float]]:
    """Return the terms of a question to search for, with their weights: those that are said often weigh more.

    The rare ones, and of the ``frequent`` ones those that tell most. ``documents`` is how many there are in all.
    """
    rare: list[tuple[str, float]] = []
    worth: list[tuple[float, str, float, int]] = []
    for term, said in asked.items():
        weight = 1.0 if said == 1 else 1.0 + math.log(said)
        found = frequent.get(term)
        if found is None:
            rare.append((term, weight))
        else:
            worth.append(
                (-weight * math.log(1 + (documents - found + 0.5) / (found + 0.5)), term, weight, found)
            )
    if len(rare) > RARE_TERMS:
        rare = sorted(rare, key=lambda each: -each[1])[:RARE_TERMS]
    chosen = rare
    to_read = taken = 0
    for _, term, weight, found in sorted(worth)[:FREQUENT_TERMS]:
        if taken < FREQUENT_AT_LEAST or to_read + found <= POSTINGS_READ:
            chosen.append((term, weight))
            to_read += found
            taken += 1
    return chosen
