"""What is checked of vectors before an index takes them: libraries below accept NaN and wrong shapes. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reasoningbank_daemon.index.errors import VectorError
from reasoningbank_daemon.index.vector_index import Among, Ids, Vectors

Floats = npt.NDArray[np.float32]
IdArray = npt.NDArray[np.int64]


def checked_rows(ids: Ids, vectors: Vectors, *, dimension: int) -> tuple[IdArray, Floats]:
    """Return ids and vectors of length one as an index keeps them; of an id that comes twice, the last.

    Raises
    ------
    VectorError
        For a wrong shape, a NaN, an infinity, or a vector of length zero.
    """
    rows = np.asarray(vectors)
    if rows.ndim != 2 or rows.shape[1] != dimension:
        raise VectorError(f"vectors of shape (n, {dimension}) are indexed here, these have {rows.shape}")
    names = as_ids(ids)
    if len(names) != len(rows):
        raise VectorError(f"{len(names)} ids for {len(rows)} vectors")
    unit = _unit(rows, names)
    _, last_from_behind = np.unique(names[::-1], return_index=True)
    kept = np.sort(len(names) - 1 - last_from_behind)
    return (names, unit) if len(kept) == len(names) else (names[kept], unit[kept])


def checked_question(vector: Vectors, *, dimension: int) -> Floats:
    """Return the vector of a question, of length one; `VectorError` as above."""
    row = np.asarray(vector)
    if row.shape != (dimension,):
        raise VectorError(f"a vector of shape ({dimension},) is searched for here, this has {row.shape}")
    found: Floats = _unit(row[None, :], None)[0]
    return found


def as_ids(ids: Ids | Among) -> IdArray:
    """Return ids as an array, shape ``(n,)``."""
    if isinstance(ids, np.ndarray):
        return ids.astype(np.int64, copy=False)
    return np.fromiter(ids, dtype=np.int64, count=len(ids))


def _unit(rows: Vectors, names: IdArray | None) -> Floats:
    # In float64: the square of a large float16 or float32 overflows, that of a small one vanishes.
    exact = rows.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        which = "the question" if names is None else f"vector {names[bad[0]]}"
        problem = "has length zero" if lengths[bad[0]] == 0 else "holds a NaN or an infinity"
        raise VectorError(f"{which} {problem}")
    found: Floats = (exact / lengths[:, None]).astype(np.float32)
    return found
