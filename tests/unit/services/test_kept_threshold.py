"""The threshold that a start takes over, and when it derives one instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoningbank_daemon.index.threshold import Threshold
from reasoningbank_daemon.services.kept_threshold import keep_threshold, read_threshold

FOUND = Threshold(value=0.31, basis="99th percentile of 2000 pairs of tasks of different projects")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "threshold.json"
    keep_threshold(file, FOUND, bank_id="mine", experiences=1200)
    return file


def test_threshold_of_the_same_bank_is_read_back(file: Path) -> None:
    kept = read_threshold(file, bank_id="mine")

    assert kept is not None
    assert (kept.threshold, kept.experiences) == (FOUND, 1200)


def test_threshold_of_another_bank_is_not_used(file: Path) -> None:
    assert read_threshold(file, bank_id="another") is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"format": 1, "bank_id": "mine", "experiences": 2}']
)
def test_damaged_file_is_as_none(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    assert read_threshold(file, bank_id="mine") is None


def test_threshold_of_another_derivation_is_not_used(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":0'))

    assert read_threshold(file, bank_id="mine") is None


def test_folder_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    keep_threshold(tmp_path / "absent" / "threshold.json", FOUND, bank_id="mine", experiences=1)

    assert not (tmp_path / "absent").exists()
