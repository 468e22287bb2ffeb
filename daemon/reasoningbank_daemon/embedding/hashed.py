"""Hashed features of a text's words and of the letters in them: needs no model, and knows no meaning. Pure.

References
----------
Weinberger et al., Feature Hashing for Large Scale Multitask Learning (2009): a signed hash keeps the inner product
right on average, however few the dimensions.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from reasoningbank_daemon.embedding.base import Matrix, TooLateError
from reasoningbank_schema.vectors import Stamp

HASHED_STAMP = Stamp(model="hashed-words-letters", dimension=256, version="1")

LETTERS = (3, 4)
"""Lengths of the runs of letters that are counted beside whole words, so that "parser" is near "parsing"."""

LETTERS_WEIGHT = 0.5
MAX_CHARS = 20_000
"""Text beyond this is not looked at: a longer one is a pasted log, whose begin says what it is."""

_WORD = re.compile(r"\w+", re.UNICODE)


class HashedEmbedder:
    """Embed texts by their words and letters."""

    @property
    def stamp(self) -> Stamp:
        """What its vectors are stamped with."""
        return HASHED_STAMP

    def embed(
        self,
        texts: Sequence[str],
        *,
        max_tokens: int | None = None,  # noqa: ARG002  a text's length is nothing here
        late: Callable[[], bool] | None = None,
    ) -> Matrix:
        """Return one unit vector a text, shape ``(n, 256)``; ``late`` is asked before each text."""
        found = np.zeros((len(texts), HASHED_STAMP.dimension), dtype=np.float32)
        for number, text in enumerate(texts):
            if late is not None and late():
                raise TooLateError
            for feature, weight in _weights(text[:MAX_CHARS]):
                place, sign = _place(feature)
                found[number, place] += sign * weight
            if not found[number].any():
                # No word at all, or features that cancel each other: the text as a whole is the feature.
                found[number, _place(text)[0]] = 1.0
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found


def _weights(text: str) -> Iterator[tuple[str, float]]:
    """Yield each feature with its weight, the logarithm of its count."""
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text.lower()):
        counts[word] += 1
        marked = f"<{word}>"
        for length in LETTERS:
            counts.update(f"~{marked[start : start + length]}" for start in range(len(marked) - length + 1))
    for feature, count in counts.items():
        yield feature, (1 + math.log(count)) * (LETTERS_WEIGHT if feature[0] == "~" else 1.0)


def _place(feature: str) -> tuple[int, float]:
    """Return a feature's dimension and sign; the same in every process, unlike Python's own hash."""
    number = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
    return number % HASHED_STAMP.dimension, 1.0 if number & 0x8000_0000 else -1.0
