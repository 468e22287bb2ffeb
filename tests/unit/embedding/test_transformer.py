"""The numpy forward pass against the formulas of the papers, written out plainly in float64."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from reasoningbank_daemon.embedding.base import TooLateError
from reasoningbank_daemon.embedding.transformer import Transformer

WIDTH, WIDE, HEADS, LAYERS, PIECES, PLACES = 24, 48, 3, 2, 50, 40

Tensors = dict[str, npt.NDArray[np.float32]]


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    rng = np.random.default_rng(7)
    shapes = {
        "embeddings.word_embeddings.weight": (PIECES, WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        dense = {
            "attention.self.query": (WIDTH, WIDTH),
            "attention.self.key": (WIDTH, WIDTH),
            "attention.self.value": (WIDTH, WIDTH),
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (WIDE, WIDTH),
            "output.dense": (WIDTH, WIDE),
        }
        for name, shape in dense.items():
            shapes[f"encoder.layer.{layer}.{name}.weight"] = shape
            shapes[f"encoder.layer.{layer}.{name}.bias"] = shape[:1]
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"encoder.layer.{layer}.{name}.weight"] = (WIDTH,)
            shapes[f"encoder.layer.{layer}.{name}.bias"] = (WIDTH,)
    found = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    return {name: _rounded(tensor) if tensor.ndim == 2 else tensor for name, tensor in found.items()}


def _rounded(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a matrix that bytes hold without loss: whole 64ths, of which the largest in each row is 127."""
    numbers = np.rint(np.clip(64 * matrix, -127, 127))
    numbers[:, 0] = 127
    return np.asarray(numbers / 64, dtype=np.float32)


def _plain(tensors: Tensors, tokens: list[int]) -> npt.NDArray[np.float64]:
    exact = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}

    def dense(states: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        return np.asarray(states @ exact[f"{name}.weight"].T + exact[f"{name}.bias"])

    def norm(states: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        centred = states - states.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        return np.asarray(scaled * exact[f"{name}.weight"] + exact[f"{name}.bias"])

    states = exact["embeddings.word_embeddings.weight"][tokens]
    states = states + exact["embeddings.position_embeddings.weight"][: len(tokens)]
    states = norm(states + exact["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        own = f"encoder.layer.{layer}."
        query, key, value = (
            dense(states, f"{own}attention.self.{part}") for part in ("query", "key", "value")
        )
        parts = []
        for head in range(HEADS):
            at = slice(head * WIDTH // HEADS, (head + 1) * WIDTH // HEADS)
            scores = np.exp(query[:, at] @ key[:, at].T / math.sqrt(WIDTH / HEADS))
            parts.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, at])
        mixed = dense(np.concatenate(parts, axis=1), f"{own}attention.output.dense")
        states = norm(states + mixed, f"{own}attention.output.LayerNorm")
        wide = dense(states, f"{own}intermediate.dense")
        wide *= 0.5 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
        states = norm(states + dense(wide, f"{own}output.dense"), f"{own}output.LayerNorm")
    mean = states.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def test_vectors_are_those_of_the_papers_formulas(tensors: Tensors) -> None:
    sequences = [[1], [3, 4, 5], list(range(40)), [49, 0, 49]]

    found = Transformer(tensors, heads=HEADS).embed(sequences)

    expected = np.stack([_plain(tensors, tokens) for tokens in sequences])
    assert np.abs(found - expected).max() < 2e-6


def test_a_late_caller_is_told_between_layers(tensors: Tensors) -> None:
    answers = iter((False, True))

    with pytest.raises(TooLateError):
        Transformer(tensors, heads=HEADS).embed([[1, 2, 3]], late=lambda: next(answers))

    assert next(answers, None) is None
