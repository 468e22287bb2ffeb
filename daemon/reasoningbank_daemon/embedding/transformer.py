"""The forward pass of a small BERT in numpy, on one thread, over texts of any length without padding. Pure.

References
----------
Devlin et al., BERT (2019); Wang et al., MiniLM (2020); Reimers and Gurevych, Sentence-BERT (2019): the vector of a
text is the mean of its tokens' last states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasoningbank_daemon.embedding.base import TooLateError

Floats = npt.NDArray[np.float32]
Tensors = Mapping[str, Floats]

MOST = 127
"""Weights are kept as whole numbers from -127 to 127, one byte each."""

WEIGHTS_AT_ONCE = 147_456
"""So many bytes are made floats of before they are multiplied with: 0.6 MB, which stay in the cache."""

EPSILON = 1e-12
ROWS_AT_ONCE = 32
"""GELU runs over this many rows of the widest layer at a time, so that what it works on stays in the cache."""

# Abramowitz and Stegun 7.1.26: the error function to 1.5e-7, which is below the last digit of float32 here.
_ERF = tuple(
    np.float32(value) for value in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
)
_ERF_SCALE = np.float32(0.3275911 / np.sqrt(2.0))


@dataclass(frozen=True, kw_only=True)
class _Norm:
    weight: Floats
    bias: Floats


@dataclass(frozen=True, kw_only=True)
class _Rounded:
    """Hold a matrix as bytes: each of its rows, or of its columns, is ``numbers`` times its own ``scale``."""

    numbers: npt.NDArray[np.int8]
    scale: Floats


@dataclass(frozen=True, kw_only=True)
class _Dense:
    weight: _Rounded
    bias: Floats


@dataclass(frozen=True, kw_only=True)
class _Layer:
    query_key_value: _Dense
    attention: _Dense
    attention_norm: _Norm
    up: _Dense
    down: _Dense
    norm: _Norm


class Transformer:
    """Turn token ids into unit vectors.

    The large weights are held as bytes, with a scale for each word and for each output of a layer: a quarter of
    float32, 23 MB of MiniLM. They are widened where they are multiplied with, which costs 2 ms a text. A vector and the
    one that exact weights give have a cosine of at least 0.999 (docs/recall.md).
    """

    def __init__(self, tensors: Tensors, *, heads: int) -> None:
        self._words = _rounded(tensors["embeddings.word_embeddings.weight"], axis=1)
        positions = tensors["embeddings.position_embeddings.weight"]
        self._places = positions + tensors["embeddings.token_type_embeddings.weight"][0]
        self._norm = _norm(tensors, "embeddings.LayerNorm")
        self._heads = heads
        layers = sum(name.endswith("attention.self.query.weight") for name in tensors)
        self._layers = [_layer(tensors, f"encoder.layer.{at}.", heads=heads) for at in range(layers)]

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._words.numbers.shape[1])

    def embed(self, sequences: Sequence[Sequence[int]], *, late: Callable[[], bool] | None = None) -> Floats:
        """Return the mean of each sequence's last states, of length one, shape ``(n, dimension)``.

        ``late`` is asked before each layer; when it says yes, `TooLateError` ends the work.
        """
        lengths = [len(sequence) for sequence in sequences]
        ends = np.cumsum(lengths)
        spans = [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]
        tokens = np.concatenate([np.asarray(sequence) for sequence in sequences])
        states = self._words.numbers[tokens] * self._words.scale[tokens]
        for span, length in zip(spans, lengths, strict=True):
            states[span] += self._places[:length]
        _normalise(states, self._norm)
        for layer in self._layers:
            if late is not None and late():
                raise TooLateError
            states = self._apply(layer, states, spans)
        means = np.stack([states[span].mean(axis=0) for span in spans])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return means

    def _apply(self, layer: _Layer, states: Floats, spans: Sequence[slice]) -> Floats:
        mixed = _dense(states, layer.query_key_value)
        attended = np.empty_like(states)
        for span in spans:
            attended[span] = _attend(mixed[span], self._heads)
        attended = _dense(attended, layer.attention)
        attended += states
        _normalise(attended, layer.attention_norm)
        wide = _dense(attended, layer.up)
        for start in range(0, len(wide), ROWS_AT_ONCE):
            _gelu(wide[start : start + ROWS_AT_ONCE])
        found = _dense(wide, layer.down)
        found += attended
        _normalise(found, layer.norm)
        return found


def _layer(tensors: Tensors, prefix: str, *, heads: int) -> _Layer:
    own = f"{prefix}attention.self."
    parts = ("query", "key", "value")
    weight = np.concatenate([tensors[f"{own}{part}.weight"] for part in parts])
    bias = np.concatenate([tensors[f"{own}{part}.bias"] for part in parts])
    width = weight.shape[1]
    # Attention divides by the root of a head's width: done here, once.
    scale = np.float32(1 / np.sqrt(width / heads))
    weight[:width] *= scale
    bias[:width] *= scale
    return _Layer(
        query_key_value=_dense_of(weight, bias),
        attention=_read_dense(tensors, f"{prefix}attention.output.dense"),
        attention_norm=_norm(tensors, f"{prefix}attention.output.LayerNorm"),
        up=_read_dense(tensors, f"{prefix}intermediate.dense"),
        down=_read_dense(tensors, f"{prefix}output.dense"),
        norm=_norm(tensors, f"{prefix}output.LayerNorm"),
    )


def _read_dense(tensors: Tensors, name: str) -> _Dense:
    return _dense_of(tensors[f"{name}.weight"], tensors[f"{name}.bias"].copy())


def _dense_of(weight: Floats, bias: Floats) -> _Dense:
    """Return a layer from its weights as they are published, shape ``(outputs, inputs)``."""
    return _Dense(weight=_rounded(weight.T, axis=0), bias=bias)


def _rounded(matrix: Floats, *, axis: int) -> _Rounded:
    """Round to bytes, with one scale for all numbers along an axis, so that the largest of them becomes `MOST`."""
    largest = np.abs(matrix).max(axis=axis, keepdims=True)
    scale = (np.where(largest > 0, largest, 1) / MOST).astype(np.float32)
    return _Rounded(numbers=np.rint(matrix / scale).astype(np.int8, order="C"), scale=scale)


def _norm(tensors: Tensors, name: str) -> _Norm:
    return _Norm(weight=tensors[f"{name}.weight"].copy(), bias=tensors[f"{name}.bias"].copy())


def _dense(states: Floats, dense: _Dense) -> Floats:
    numbers = dense.weight.numbers
    inputs, outputs = numbers.shape
    found = np.empty((len(states), outputs), dtype=np.float32)
    width = max(1, WEIGHTS_AT_ONCE // inputs)
    for start in range(0, outputs, width):
        part = slice(start, start + width)
        np.matmul(states, numbers[:, part].astype(np.float32), out=found[:, part])
    found *= dense.weight.scale
    found += dense.bias
    return found


def _attend(mixed: Floats, heads: int) -> Floats:
    """Let each token look at all others of its text; shape ``(n, 3·width)`` → ``(n, width)``."""
    count, width = len(mixed), mixed.shape[1] // 3
    query, key, value = mixed.reshape(count, 3, heads, width // heads).transpose(1, 2, 0, 3)
    scores: Floats = query @ key.transpose(0, 2, 1)
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    found: Floats = np.matmul(scores, value)
    found /= scores.sum(axis=-1, keepdims=True)
    return found.transpose(1, 0, 2).reshape(count, width)


def _normalise(states: Floats, norm: _Norm) -> None:
    states -= states.mean(axis=-1, keepdims=True)
    variance = np.einsum("ij,ij->i", states, states) / np.float32(states.shape[1])
    states *= (1 / np.sqrt(variance + np.float32(EPSILON)))[:, None]
    states *= norm.weight
    states += norm.bias


def _gelu(states: Floats) -> None:
    """Replace each x by x·Φ(x), Φ being the normal distribution."""
    size = np.abs(states)
    near = 1 / (1 + _ERF_SCALE * size)
    error = near * _ERF[0]
    for term in _ERF[1:]:
        error += term
        error *= near
    size *= size
    size *= np.float32(-0.5)
    error *= np.exp(size, out=size)
    np.subtract(1, error, out=error)
    np.copysign(error, states, out=error)
    error += 1
    error *= np.float32(0.5)
    states *= error
