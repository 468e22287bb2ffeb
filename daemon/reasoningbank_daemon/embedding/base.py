"""The contract that every embedder keeps; `tests/contract/test_embedder.py` runs over all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reasoningbank_schema.vectors import Stamp

Matrix = npt.NDArray[np.float32]


class TooLateError(Exception):
    """The caller's time was over before the vectors were there."""


class Embedder(Protocol):
    """Turn texts into unit vectors; the same text gives the same vector in every process, safe from any thread."""

    @property
    def stamp(self) -> Stamp:
        """What its vectors are stamped with; another stamp means that they can't be compared."""

    def embed(
        self, texts: Sequence[str], *, max_tokens: int | None = None, late: Callable[[], bool] | None = None
    ) -> Matrix:
        """Return one vector a text, shape ``(n, stamp.dimension)``, each of length one.

        ``max_tokens`` is how much of a text is read at most, for a question that has little time; an embedder to
        which length is nothing may ignore it. ``late`` is asked now and then; once it says yes, `TooLateError` ends
        the work.
        """


def pack(vector: npt.NDArray[np.float32]) -> bytes:
    """Return a vector as the bank keeps it: float16, little-endian."""
    return vector.astype("<f2").tobytes()


def unpack(blobs: Sequence[bytes]) -> npt.NDArray[np.float16]:
    """Return vectors of the bank as rows, shape ``(n, d)``; all must have one length."""
    return np.frombuffer(b"".join(blobs), dtype="<f2").reshape(len(blobs), -1).astype(np.float16, copy=False)
