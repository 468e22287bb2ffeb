"""An index that is exact while it is small and becomes a graph when it is large."""

from __future__ import annotations

from pathlib import Path

from reasoningbank_daemon.index.exact import ExactIndex
from reasoningbank_daemon.index.hnsw import GRAPH_FILE, HnswIndex
from reasoningbank_daemon.index.vector_checks import IdArray
from reasoningbank_daemon.index.vector_index import Among, Ids, Neighbour, VectorIndex, Vectors
from reasoningbank_schema.vectors import Stamp

EXACT_LIMIT = 20_000
"""Exact search takes 1 ms here and twice that for twice as many; a graph takes 0.5 ms for any (decision 0003)."""


class GrowingIndex:
    """Search exactly up to ``exact_limit`` vectors; beyond, build a graph and search that from then on.

    The vectors that are searched stay in force while the graph is built, by whoever added the one too many.
    """

    def __init__(self, stamp: Stamp, *, exact_limit: int = EXACT_LIMIT) -> None:
        self._exact_limit = exact_limit
        self._index: VectorIndex = ExactIndex(stamp)

    @classmethod
    def load(cls, folder: Path, stamp: Stamp) -> GrowingIndex:
        """Read what `dump` wrote; the caller has compared the files' sums. `IndexUnusableError` otherwise."""
        found = cls(stamp)
        found._index = (HnswIndex if (folder / GRAPH_FILE).exists() else ExactIndex).load(folder, stamp)
        return found

    @property
    def stamp(self) -> Stamp:
        """What made the vectors."""
        return self._index.stamp

    @property
    def count(self) -> int:
        """How many vectors can be found."""
        return self._index.count

    @property
    def exact(self) -> bool:
        """Whether searches are exact at the moment."""
        return isinstance(self._index, ExactIndex)

    def ids(self) -> IdArray:
        """Return the ids of all vectors, ascending."""
        return self._index.ids()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add or replace vectors; the call that passes the limit takes as long as the graph takes to build."""
        self._index.add(ids, vectors)
        if isinstance(self._index, ExactIndex) and self._index.count > self._exact_limit:
            graph = HnswIndex(self.stamp)
            graph.add(*self._index.rows())
            self._index = graph

    def remove(self, ids: Ids) -> None:
        """Remove vectors; unknown ids are passed over."""
        self._index.remove(ids)

    def search(self, vector: Vectors, limit: int, *, among: Among | None = None) -> list[Neighbour]:
        """Return the nearest vectors, nearest first."""
        return self._index.search(vector, limit, among=among)

    def dump(self, folder: Path) -> None:
        """Write the index that is in force into an empty folder."""
        self._index.dump(folder)
