"""How alike two texts are by their words: the cosine of their weighed terms. Pure.

A text is kept as a packed bag of words: the length of its vector, then a hash and a count of each term, 5 bytes.
"""

from __future__ import annotations

import functools
import math
import struct
import zlib
from collections.abc import Mapping, Sequence

from reasoningbank_daemon.index.analysis import count_terms

MAX_COUNT = 255
"""What is said more often than this weighs no more: the count is one byte."""

_LENGTH_BYTES, _TERM_BYTES = 8, 5
_WEIGHTS = (0.0, *(1.0 + math.log(count) for count in range(1, MAX_COUNT + 1)))


def pack_bag(counts: Mapping[str, int]) -> bytes:
    """Pack the terms of a text (`analysis.count_terms`) as `likenesses` compares them.

    Two terms have the same hash of 32 bits by chance, and then pass for one, about once in ten million comparisons
    of texts with 20 terms each.
    """
    hashes = (zlib.crc32(term.encode("utf-8", "surrogatepass")) for term in counts)
    capped = bytes(min(count, MAX_COUNT) for count in counts.values())
    length = math.hypot(*(_WEIGHTS[count] for count in capped))
    return struct.pack(_layout(len(capped)), length, *hashes) + capped


@functools.lru_cache(maxsize=16_384)
def bag_of(text: str) -> bytes:
    """Return the packed bag of a text; remembered, because what is found once is found again."""
    return pack_bag(count_terms(text))


def likenesses(question: bytes, subjects: Sequence[bytes]) -> list[float]:
    """Return the cosine of a question's bag with that of each subject, in [0, 1]; 0 where either has no terms."""
    length, hashes, counts = _unpack(question)
    asked = {term: _WEIGHTS[count] for term, count in zip(hashes, counts, strict=True)}
    found = []
    for subject in subjects:
        their_length, theirs, their_counts = _unpack(subject)
        shared = 0.0
        for place, term in enumerate(theirs):
            weight = asked.get(term)
            if weight is not None:
                shared += weight * _WEIGHTS[their_counts[place]]
        found.append(min(1.0, shared / (length * their_length)) if shared else 0.0)
    return found


def _unpack(bag: bytes) -> tuple[float, list[int], bytes]:
    terms = (len(bag) - _LENGTH_BYTES) // _TERM_BYTES
    length, *hashes = struct.unpack_from(_layout(terms), bag)
    return length, hashes, bag[len(bag) - terms :]


def _layout(terms: int) -> str:
    return f"<d{terms}I"
