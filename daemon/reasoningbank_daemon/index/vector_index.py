"""The contract that every vector index keeps; `tests/contract/test_vector_index.py` runs over all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from reasoningbank_schema.vectors import Stamp

Ids = Sequence[int] | npt.NDArray[np.int64]
Vectors = npt.NDArray[
    np.floating[Any]
]  # numpy's precision parameter: float16 from the bank, float32 elsewhere
Among = Collection[int] | npt.NDArray[np.int64]


class Neighbour(msgspec.Struct, frozen=True):
    """Name a vector that was found and its cosine similarity to the question, in [-1, 1]."""

    id: int
    similarity: float


class VectorIndex(Protocol):
    """Find the vectors of one stamp that point the same way.

    Any number of threads may search while one adds or removes: a search sees each call of the other thread's
    whole or in parts of it, never half a vector. Vectors are normalised on the way in, so the caller's lengths
    do not matter. Nothing is durable until it is saved (`index.snapshot`); the bank is the truth.
    """

    @property
    def stamp(self) -> Stamp:
        """What made the vectors."""

    @property
    def count(self) -> int:
        """How many vectors can be found."""

    def ids(self) -> npt.NDArray[np.int64]:
        """Return the ids of all vectors that can be found, ascending, shape ``(count,)``."""

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors, shape ``(n, dimension)``; one whose id is known replaces the known one.

        An id that comes twice in one call keeps its last vector. Everything is checked before anything changes:
        `VectorError` for a wrong shape, a NaN, an infinity or a vector of length zero.
        """

    def remove(self, ids: Ids) -> None:
        """Remove vectors; unknown ids are passed over."""

    def search(self, vector: Vectors, limit: int, *, among: Among | None = None) -> list[Neighbour]:
        """Return at most ``limit`` vectors nearest to one of shape ``(dimension,)``, nearest first.

        ``among`` restricts the answer to these ids, unknown ones are passed over; an array is cheapest. Fewer than
        ``limit`` come back only where fewer are there. A similarity is right to 1e-5, to 1e-3 after a snapshot, which
        keeps numbers of 16 bits. `VectorError` as for `add`.
        """

    def dump(self, folder: Path) -> None:
        """Write the index as files into an empty folder, for `index.snapshot`; `OSError` where it can't."""
