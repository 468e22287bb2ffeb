"""Approximate search with hnswlib: the index of large banks.

hnswlib checks little. A search while the index grows ends the process, one while vectors are added raises, and so
does one that asks for more neighbours than are there; NaN and wrong dimensions are taken, and a damaged file ends
the process. So everything that changes the index has it alone, what is asked for is bounded, vectors are checked
before, and files are opened only when their sums are right (`index.snapshot`).

References
----------
Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using Hierarchical Navigable Small World
graphs (2016).
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import hnswlib
import numpy as np

from reasoningbank_daemon.index.errors import IndexUnusableError
from reasoningbank_daemon.index.exact import nearest
from reasoningbank_daemon.index.shared_lock import SharedLock
from reasoningbank_daemon.index.vector_checks import Floats, IdArray, as_ids, checked_question, checked_rows
from reasoningbank_daemon.index.vector_index import Among, Ids, Neighbour, Vectors
from reasoningbank_schema.vectors import Stamp

LINKS = 16
BUILD_BREADTH = 100
SEARCH_BREADTH = 200
"""Candidates that a search keeps at least: 0.998 of the ten nearest are found (decision 0003)."""

ROWS_AT_ONCE = 32
"""Vectors that go in while searches wait: about 10 ms of them."""

FIRST_CAPACITY = 1024
GRAPH_FILE = "graph.hnsw"
IDS_FILE = "ids.npy"
SEED = 7
LEAST_LIVE_SHARE = 0.5
"""The graph is made again when more of it is removed than is there: removed vectors cost memory and time."""


class HnswIndex:
    """Keep vectors in a graph of near neighbours; a search walks it, 0.5 ms whatever the size."""

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._lock = SharedLock()
        self._live: set[int] = set()
        self._graph = _new_graph(stamp.dimension, FIRST_CAPACITY)

    @classmethod
    def load(cls, folder: Path, stamp: Stamp) -> HnswIndex:
        """Read what `dump` wrote; the caller has compared the files' sums. `IndexUnusableError` otherwise."""
        found = cls(stamp)
        try:
            live = np.load(folder / IDS_FILE, allow_pickle=False)
            graph = hnswlib.Index(space="ip", dim=stamp.dimension)
            graph.load_index(str(folder / GRAPH_FILE), max_elements=max(FIRST_CAPACITY, len(live)))
            if not set(live.tolist()) <= set(graph.get_ids_list()):
                raise IndexUnusableError(f"the graph in {folder} lacks vectors that its list names")
        except (OSError, ValueError, RuntimeError) as error:
            raise IndexUnusableError(f"the graph in {folder} can't be read: {error}") from error
        _configure(graph)
        found._graph, found._live = graph, set(live.tolist())
        return found

    @property
    def stamp(self) -> Stamp:
        """What made the vectors."""
        return self._stamp

    @property
    def count(self) -> int:
        """How many vectors can be found."""
        return len(self._live)

    def ids(self) -> IdArray:
        """Return the ids of all vectors that can be found, ascending."""
        with self._lock.reading():
            return np.sort(as_ids(self._live))

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add or replace vectors, some at a time, so that searches get their turn in between."""
        names, rows = checked_rows(ids, vectors, dimension=self._stamp.dimension)
        for start in range(0, len(names), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            with self._lock.writing():
                self._make_room(len(names[part]))
                self._graph.add_items(rows[part], names[part], num_threads=1)
                self._live.update(names[part].tolist())

    def remove(self, ids: Ids) -> None:
        """Remove vectors; unknown ids are passed over."""
        with self._lock.writing():
            for name in as_ids(ids).tolist():
                if name in self._live:
                    self._graph.mark_deleted(name)
                    self._live.discard(name)
        held = self._graph.get_current_count()
        if held > FIRST_CAPACITY and len(self._live) < LEAST_LIVE_SHARE * held:
            self._make_again()

    def search(self, vector: Vectors, limit: int, *, among: Among | None = None) -> list[Neighbour]:
        """Return the nearest vectors, nearest first; nearly always exactly those, exactly so for few ``among``."""
        question = checked_question(vector, dimension=self._stamp.dimension)
        with self._lock.reading():
            if among is None:
                return self._walk(question, limit)
            wanted = as_ids(among)
            if len(wanted) > len(self._live) // 4:
                # A wide filter: walk further and keep what is wanted, when that is enough.
                allowed = set(wanted.tolist())
                found = [near for near in self._walk(question, 8 * limit) if near.id in allowed][:limit]
                if len(found) == limit:
                    return found
            return self._compare(question, wanted, limit)

    def dump(self, folder: Path) -> None:
        """Write the graph and the list of what is live into an empty folder; `OSError` where it can't."""
        with self._lock.reading():
            np.save(folder / IDS_FILE, np.sort(as_ids(self._live)))
            file = folder / GRAPH_FILE
            self._graph.save_index(str(file))
            # hnswlib does not notice a full disk, and loading a file that is cut short ends the process.
            size, expected = file.stat().st_size, self._graph.index_file_size()
        if size != expected:
            raise OSError(errno.EIO, f"{size} of {expected} bytes were written", str(file))

    def _walk(self, question: Floats, limit: int) -> list[Neighbour]:
        limit = min(limit, len(self._live))
        if limit < 1:
            return []
        try:
            names, distances = self._graph.knn_query(question, k=limit, num_threads=1)
        except RuntimeError:
            # The walk met fewer live vectors than there are: parts of the graph can come loose by removals.
            return self._compare(question, as_ids(self._live), limit)
        return nearest(names[0].astype(np.int64), 1 - distances[0], limit)

    def _compare(self, question: Floats, names: IdArray, limit: int) -> list[Neighbour]:
        known = np.array([name for name in np.unique(names).tolist() if name in self._live], dtype=np.int64)
        if not len(known):
            return []
        rows = np.asarray(self._graph.get_items(known, return_type="numpy"), dtype=np.float32)
        return nearest(known, rows @ question, limit)

    def _make_room(self, count: int) -> None:
        needed = self._graph.get_current_count() + count
        capacity = self._graph.get_max_elements()
        if needed > capacity:
            self._graph.resize_index(max(needed, capacity + capacity // 4))

    def _make_again(self) -> None:
        with self._lock.reading():
            names = np.sort(as_ids(self._live))
            rows = np.asarray(self._graph.get_items(names, return_type="numpy"), dtype=np.float32)
        graph = _new_graph(self._stamp.dimension, max(FIRST_CAPACITY, len(names)))
        if len(names):
            graph.add_items(rows, names, num_threads=1)
        with self._lock.writing():
            self._graph = graph


def _new_graph(dimension: int, capacity: int) -> Any:  # hnswlib is published without types
    graph = hnswlib.Index(space="ip", dim=dimension)
    graph.init_index(max_elements=capacity, M=LINKS, ef_construction=BUILD_BREADTH, random_seed=SEED)
    _configure(graph)
    return graph


def _configure(graph: Any) -> None:  # as above
    """Set what hnswlib keeps in no file."""
    graph.set_ef(SEARCH_BREADTH)
    # Searches and the daemon's other threads share the cores; a search is too short to be divided.
    graph.set_num_threads(1)
