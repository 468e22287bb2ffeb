"""The sentence embedding all-MiniLM-L6-v2: meaning rather than words, 384 dimensions, no framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from reasoningbank_daemon.embedding.base import Matrix
from reasoningbank_daemon.embedding.transformer import Transformer
from reasoningbank_daemon.embedding.weights import REVISION, load_weights
from reasoningbank_daemon.embedding.wordpiece import WordPiece
from reasoningbank_schema.vectors import Stamp

HEADS = 12
MAX_TOKENS = 128
"""What is read of a text: the model was trained on as many, and twice the tokens found no more (docs/recall.md)."""

TOKENS_AT_ONCE = 512
"""Texts are put together up to about this many tokens: larger batches are no faster and need more memory."""

MINILM_STAMP = Stamp(model="all-MiniLM-L6-v2", dimension=384, version=f"{REVISION}/2")
"""The number behind the revision is ours: another one when the same weights give other vectors."""


class MiniLmEmbedder:
    """Embed texts with checked weights.

    About 30 MB resident. On one core of a 2023 server a text of 20 words takes 8 ms, one of 100 words 30 ms.
    """

    def __init__(self, folder: Path) -> None:
        """Load the weights; `WeightsError` when they are not the published ones.

        From then on numpy multiplies on one thread in this process: two that wait for each other spin, and on a busy
        machine of two cores a vector took ten times as long.
        """
        threadpool_limits(limits=1, user_api="blas")
        weights = load_weights(folder)
        self._pieces = WordPiece(weights.vocabulary)
        self._transformer = Transformer(weights.tensors, heads=HEADS)

    @property
    def stamp(self) -> Stamp:
        """What its vectors are stamped with."""
        return MINILM_STAMP

    def embed(
        self, texts: Sequence[str], *, max_tokens: int | None = None, late: Callable[[], bool] | None = None
    ) -> Matrix:
        """Return one unit vector a text, shape ``(n, 384)``, of its first ``max_tokens``, at most `MAX_TOKENS`.

        ``late`` is asked before each layer; `base.TooLateError` once it says yes.
        """
        room = MAX_TOKENS if max_tokens is None else min(max_tokens, MAX_TOKENS)
        rows: list[Matrix] = []
        batch: list[list[int]] = []
        for text in texts:
            batch.append(self._pieces.encode(text, room))
            if sum(map(len, batch)) >= TOKENS_AT_ONCE:
                rows.append(self._transformer.embed(batch, late=late))
                batch = []
        if batch:
            rows.append(self._transformer.embed(batch, late=late))
        return np.concatenate(rows) if rows else np.empty((0, MINILM_STAMP.dimension), dtype=np.float32)
