"""Exact search in one matrix: the index of small banks, and the oracle that others are tested against."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from reasoningbank_daemon.index.errors import IndexUnusableError
from reasoningbank_daemon.index.shared_lock import SharedLock
from reasoningbank_daemon.index.vector_checks import Floats, IdArray, as_ids, checked_question, checked_rows
from reasoningbank_daemon.index.vector_index import Among, Ids, Neighbour, Vectors
from reasoningbank_schema.vectors import Stamp

IDS_FILE = "ids.npy"
VECTORS_FILE = "vectors.npy"
FIRST_CAPACITY = 256
LOADED_AT_ONCE = 2048


class ExactIndex:
    """Keep vectors as float32 rows; a search is one matrix product, 0.5 ms for 10,000 of 384 dimensions."""

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._lock = SharedLock()
        self._count = 0
        self._ids: IdArray = np.empty(FIRST_CAPACITY, dtype=np.int64)
        self._rows: Floats = np.empty((FIRST_CAPACITY, stamp.dimension), dtype=np.float32)
        self._places: dict[int, int] = {}

    @classmethod
    def load(cls, folder: Path, stamp: Stamp) -> ExactIndex:
        """Read what `dump` wrote; the caller has compared the files' sums. `IndexUnusableError` otherwise."""
        try:
            ids = np.load(folder / IDS_FILE, allow_pickle=False)
            rows = np.load(folder / VECTORS_FILE, allow_pickle=False)
            found = cls(stamp)
            for start in range(0, len(rows), LOADED_AT_ONCE):
                part = slice(start, start + LOADED_AT_ONCE)
                found.add(ids[part], rows[part])
        except (OSError, ValueError) as error:
            raise IndexUnusableError(f"the vectors in {folder} can't be read: {error}") from error
        return found

    @property
    def stamp(self) -> Stamp:
        """What made the vectors."""
        return self._stamp

    @property
    def count(self) -> int:
        """How many vectors can be found."""
        return self._count

    def ids(self) -> IdArray:
        """Return the ids of all vectors, ascending."""
        with self._lock.reading():
            return np.sort(self._ids[: self._count])

    def rows(self) -> tuple[IdArray, Floats]:
        """Return copies of all ids and their vectors, in the same order."""
        with self._lock.reading():
            return self._ids[: self._count].copy(), self._rows[: self._count].copy()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add or replace vectors; `VectorError` before anything changes."""
        names, rows = checked_rows(ids, vectors, dimension=self._stamp.dimension)
        with self._lock.writing():
            new = sum(name not in self._places for name in names.tolist())
            self._make_room(self._count + new)
            for name, row in zip(names.tolist(), rows, strict=True):
                place = self._places.setdefault(name, self._count)
                self._ids[place], self._rows[place] = name, row
                self._count = len(self._places)

    def remove(self, ids: Ids) -> None:
        """Remove vectors; unknown ids are passed over."""
        with self._lock.writing():
            for name in as_ids(ids).tolist():
                place = self._places.pop(name, None)
                if place is None:
                    continue
                self._count -= 1
                if place < self._count:
                    # The last one takes the free place.
                    moved = int(self._ids[self._count])
                    self._ids[place], self._rows[place] = moved, self._rows[self._count]
                    self._places[moved] = place

    def search(self, vector: Vectors, limit: int, *, among: Among | None = None) -> list[Neighbour]:
        """Return the nearest vectors, nearest first; equal ones by their ids."""
        question = checked_question(vector, dimension=self._stamp.dimension)
        with self._lock.reading():
            ids, rows = self._ids[: self._count], self._rows[: self._count]
            if among is not None:
                wanted = np.isin(ids, as_ids(among))
                ids, rows = ids[wanted], rows[wanted]
            return nearest(ids, rows @ question, limit)

    def dump(self, folder: Path) -> None:
        """Write two arrays into an empty folder."""
        with self._lock.reading():
            np.save(folder / IDS_FILE, self._ids[: self._count])
            np.save(folder / VECTORS_FILE, self._rows[: self._count].astype(np.float16))

    def _make_room(self, count: int) -> None:
        capacity = len(self._ids)
        if count <= capacity:
            return
        while capacity < count:
            capacity *= 2
        ids, rows = self._ids, self._rows
        self._ids = np.empty(capacity, dtype=np.int64)
        self._rows = np.empty((capacity, self._stamp.dimension), dtype=np.float32)
        self._ids[: self._count], self._rows[: self._count] = ids[: self._count], rows[: self._count]


def nearest(ids: IdArray, similarities: Floats, limit: int) -> list[Neighbour]:
    """Return the ``limit`` ids of the greatest similarity, greatest first; equal ones by their ids."""
    limit = min(limit, len(ids))
    if limit < 1:
        return []
    if limit < len(ids):
        least = np.partition(similarities, len(ids) - limit)[len(ids) - limit]
        chosen = np.flatnonzero(similarities >= least)
        ids, similarities = ids[chosen], similarities[chosen]
    order = np.lexsort((ids, -similarities))[:limit]
    return [
        Neighbour(name, min(1.0, max(-1.0, similarity)))
        for name, similarity in zip(ids[order].tolist(), similarities[order].tolist(), strict=True)
    ]
