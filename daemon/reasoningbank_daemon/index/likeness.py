"""How alike two texts are by their words: the cosine of their weighed terms. Pure.

A text is kept as a packed bag of words: the length of its vector, then of each term a hash and how often it comes.
"""

from __future__ import annotations

import functools
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from itertools import starmap

import numpy as np

from reasoningbank_daemon.index.analysis import count_terms

MAX_COUNT = 255
"""What is said more often than this weighs no more: the count is one byte."""

_LENGTH = struct.Struct("<d")
_PAIR = struct.Struct("<IB")
_TERM = np.dtype([("hash", "<u4"), ("count", "u1")])  # the same, as numpy reads it
_WEIGHTS = np.array([0.0, *(1.0 + math.log(count) for count in range(1, MAX_COUNT + 1))])
_SQUARES = (_WEIGHTS**2).tolist()


def pack_bag(counts: Mapping[str, int]) -> bytes:
    """Pack the terms of a text (`analysis.count_terms`) as `likenesses` compares them.

    Two terms have the same hash of 32 bits by chance, and then pass for one, about once in ten million comparisons
    of texts with 20 terms each.
    """
    hashed = sorted(
        [
            (zlib.crc32(term.encode("utf-8", "surrogatepass")), min(count, MAX_COUNT))
            for term, count in counts.items()
        ]
    )
    length = math.sqrt(sum([_SQUARES[count] for _, count in hashed]))
    return _LENGTH.pack(length) + b"".join(starmap(_PAIR.pack, hashed))


@functools.lru_cache(maxsize=16_384)
def bag_of(text: str) -> bytes:
    """Return the packed bag of a text; remembered, because what is found once is found again."""
    return pack_bag(count_terms(text))


def likenesses(question: bytes, subjects: Sequence[bytes]) -> list[float]:
    """Return the cosine of a question's bag with that of each subject, in [0, 1]; 0 where either has no terms."""
    asked = np.frombuffer(question, _TERM, offset=_LENGTH.size)
    if not len(asked):
        return [0.0] * len(subjects)
    bags = [subject[_LENGTH.size :] for subject in subjects]
    theirs = np.frombuffer(b"".join(bags), _TERM)
    places = np.minimum(asked["hash"].searchsorted(theirs["hash"]), len(asked) - 1)
    shared = (asked["hash"][places] == theirs["hash"]).nonzero()[0]
    products = _WEIGHTS[asked["count"][places[shared]]] * _WEIGHTS[theirs["count"][shared]]
    ends = np.cumsum([len(bag) // _TERM.itemsize for bag in bags])
    sums = np.bincount(ends.searchsorted(shared, side="right"), weights=products, minlength=len(bags))
    length = _length(question)
    return [
        min(1.0, product / (length * _length(subject))) if product else 0.0
        for product, subject in zip(sums.tolist(), subjects, strict=True)
    ]


def _length(bag: bytes) -> float:
    found: float = _LENGTH.unpack_from(bag)[0]
    return found
