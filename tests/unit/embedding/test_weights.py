"""Weights are used only when they are byte for byte the published ones; every other case says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from rbtest.weights import published_weights

from reasoningbank_daemon.embedding.weights import (
    VOCABULARY,
    WEIGHTS,
    WeightsError,
    check_weights,
    find_weights,
    load_weights,
)


def _folder(tmp_path: Path, *, vocabulary: bytes | None = b"x") -> Path:
    (tmp_path / WEIGHTS).write_bytes(b"not the weights")
    if vocabulary is not None:
        (tmp_path / VOCABULARY).write_bytes(vocabulary)
    return tmp_path


def test_a_missing_folder_is_named_with_the_command_that_gets_the_files(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=str(tmp_path / "nowhere" / WEIGHTS)) as caught:
        find_weights(str(tmp_path / "nowhere"))

    assert "reasoningbank embedder use minilm --weights FOLDER" in caught.value.next_step


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"vocab\.txt is not there"):
        find_weights(str(_folder(tmp_path, vocabulary=None)))


def test_a_file_with_another_sum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"is not the published file: its SHA-256 is .* it should be 07eced37"
    ):
        load_weights(_folder(tmp_path))


def test_a_file_that_is_far_too_large_is_refused_unread(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    with (folder / WEIGHTS).open("r+b") as file:
        file.truncate(1 << 33)

    with pytest.raises(WeightsError, match="8,589,934,592 bytes"):
        check_weights(folder)


def test_a_file_that_is_a_folder_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / VOCABULARY).mkdir()
    (tmp_path / WEIGHTS).mkdir()

    with pytest.raises(WeightsError, match="can't be read"):
        check_weights(tmp_path)


def test_one_flipped_bit_is_noticed(tmp_path: Path) -> None:
    published = published_weights()
    (tmp_path / VOCABULARY).write_bytes((published / VOCABULARY).read_bytes())
    raw = bytearray((published / WEIGHTS).read_bytes())
    raw[50_000_000] ^= 1
    (tmp_path / WEIGHTS).write_bytes(raw)

    with pytest.raises(WeightsError, match=r"model\.safetensors is not the published file"):
        check_weights(tmp_path)


def test_the_published_files_are_accepted() -> None:
    check_weights(published_weights())
