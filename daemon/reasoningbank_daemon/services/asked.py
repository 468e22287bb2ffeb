"""A question, and how alike it and an experience are: by words, and by meaning where a vector is there."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from reasoningbank_daemon.index.fusion import mix
from reasoningbank_daemon.index.likeness import likenesses
from reasoningbank_daemon.index.threshold import Threshold
from reasoningbank_daemon.index.vector_index import Vectors
from reasoningbank_daemon.services.meanings import Meanings
from reasoningbank_daemon.storage.records import Document


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the embedder that ranks beside the words, and the threshold on the scale of both."""

    meanings: Meanings
    threshold: Threshold


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a question is compared by: its packed bag of words, and its vector.

    ``vector`` is of ``serving``; both are None where words do it alone.
    """

    bag: bytes
    threshold: Threshold
    serving: Meanings | None = None
    vector: Vectors | None = None
    why_words_alone: str = ""

    def nearest(self, limit: int) -> dict[int, float]:
        """Return the experiences nearest by meaning with their cosine, nearest first."""
        if self.serving is None or self.vector is None:
            return {}
        return self.serving.search(self.vector, limit)

    def likenesses(self, subjects: Mapping[int, bytes]) -> dict[int, float]:
        """Return the likeness of each experience, given the bag of what it is about; by meaning too where it has a vector."""
        by_words = dict(zip(subjects, likenesses(self.bag, [*subjects.values()]), strict=True))
        if self.serving is None or self.vector is None or not by_words:
            return by_words
        cosines = self.serving.similarities(self.vector, [*by_words])
        return {
            identifier: mix(words, cosines[identifier]) if identifier in cosines else words
            for identifier, words in by_words.items()
        }


def subject_of(document: Document) -> str:
    """Return what an experience is about: its task's goal, or the title of what was told."""
    return document.goal or document.title
