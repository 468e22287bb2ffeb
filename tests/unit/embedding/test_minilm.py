"""The sentence embedding gives the numbers that its publishers print."""

from __future__ import annotations

import numpy as np
import pytest
from rbtest.weights import published_weights

from reasoningbank_daemon.embedding.minilm import MiniLmEmbedder

# From the first example of the documentation of sentence-transformers, which runs this model with PyTorch.
PUBLISHED_TEXTS = (
    "The weather is lovely today.",
    "It's so sunny outside!",
    "He drove to the stadium.",
)
PUBLISHED_SIMILARITIES = (
    (1.0000, 0.6660, 0.1046),
    (0.6660, 1.0000, 0.1411),
    (0.1046, 0.1411, 1.0000),
)


@pytest.fixture(scope="module")
def minilm() -> MiniLmEmbedder:
    return MiniLmEmbedder(published_weights())


def test_similarities_are_the_published_ones(minilm: MiniLmEmbedder) -> None:
    vectors = minilm.embed(PUBLISHED_TEXTS)

    # Weights rounded to bytes move a similarity by 0.003 root mean square; with exact ones it was 0.00005.
    assert np.abs(vectors @ vectors.T - np.array(PUBLISHED_SIMILARITIES)).max() < 5e-3


def test_meaning_counts_more_than_words(minilm: MiniLmEmbedder) -> None:
    asked, meant, worded = minilm.embed(
        ("the login page crashes", "users can't sign in any more", "the page numbers of the book")
    )

    assert float(asked @ meant) > float(asked @ worded)


def test_text_beyond_what_is_read_changes_nothing(minilm: MiniLmEmbedder) -> None:
    first, second = minilm.embed(("word " * 200, "word " * 200 + "and something else entirely"))

    # Not to the last bit: how a processor sums up a row of a matrix may depend on where the row stands.
    assert np.abs(first - second).max() < 1e-6
