"""What every embedder promises; a new one is added to ``OPENERS`` and must pass all of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rbtest.weights import published_weights

from reasoningbank_daemon.embedding.base import Embedder, TooLateError, pack, unpack
from reasoningbank_daemon.embedding.hashed import HashedEmbedder
from reasoningbank_daemon.embedding.minilm import MiniLmEmbedder

OPENERS: dict[str, Callable[[], Embedder]] = {
    "hashed": HashedEmbedder,
    "minilm": lambda: MiniLmEmbedder(published_weights()),
}
TEXTS = ("fix the parser test", "", "Café 日本語 \x00\ud800", "x" * 300, "word " * 2000, "!?")


@pytest.fixture(scope="module", params=OPENERS)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return OPENERS[request.param]()


def test_each_text_gives_one_finite_unit_vector_of_the_stamps_dimension(embedder: Embedder) -> None:
    found = embedder.embed(TEXTS)

    assert found.shape == (len(TEXTS), embedder.stamp.dimension)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)


def test_no_text_gives_no_vector(embedder: Embedder) -> None:
    assert embedder.embed(()).shape == (0, embedder.stamp.dimension)


def test_a_text_gives_the_same_vector_alone_and_among_others(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)

    alone = np.concatenate([embedder.embed((text,)) for text in TEXTS])

    assert np.allclose(together, alone, atol=1e-5)


@settings(max_examples=25)
@given(st.text(max_size=60))
def test_any_text_is_as_like_itself_as_can_be(embedder: Embedder, text: str) -> None:
    first, second = embedder.embed((text, text))

    assert float(first @ second) == pytest.approx(1.0, abs=1e-5)


def test_a_caller_who_is_late_gets_an_error_instead_of_vectors(embedder: Embedder) -> None:
    with pytest.raises(TooLateError):
        embedder.embed(TEXTS, late=lambda: True)


def test_a_caller_who_has_time_gets_the_same_vectors(embedder: Embedder) -> None:
    assert np.array_equal(embedder.embed(TEXTS, late=lambda: False), embedder.embed(TEXTS))


def test_what_the_bank_keeps_differs_by_less_than_float16s_last_digit(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)

    kept = unpack([pack(vector) for vector in vectors])

    assert kept.shape == vectors.shape
    assert np.abs(kept.astype(np.float32) - vectors).max() < 5e-4


def test_hashed_vectors_are_the_same_in_another_process() -> None:
    program = (
        "from reasoningbank_daemon.embedding.hashed import HashedEmbedder\n"
        "print(HashedEmbedder().embed(('fix the parser test',)).tobytes().hex())"
    )

    others = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]

    assert others == [HashedEmbedder().embed(("fix the parser test",)).tobytes().hex()] * 2
