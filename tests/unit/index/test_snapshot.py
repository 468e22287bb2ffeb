"""A snapshot is written whole or not at all; the older one serves until then."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
from rbtest.forked import in_child

from reasoningbank_daemon.index.exact import ExactIndex
from reasoningbank_daemon.index.hnsw import HnswIndex
from reasoningbank_daemon.index.snapshot import Reach, inspect_snapshots, load_snapshot, save_snapshot
from reasoningbank_daemon.index.vector_index import VectorIndex
from reasoningbank_schema.vectors import Stamp

STAMP = Stamp(model="test", dimension=16, version="1")


def _index(count: int, kind: type[ExactIndex | HnswIndex] = ExactIndex) -> VectorIndex:
    index = kind(STAMP)
    index.add(np.arange(count), np.random.default_rng(0).normal(size=(count, 16)))
    return index


def _loaded_count(folder: Path, *, sequence: int = 99) -> int:
    reach = Reach(sequence=sequence, id=0)
    found = load_snapshot(folder, ExactIndex.load, stamp=STAMP, bank_id="b", reach=reach)
    assert found is not None
    return found[0].count


def _save(folder: Path, count: int) -> None:
    save_snapshot(folder, _index(count), bank_id="b", reach=Reach(sequence=count, id=0))


def test_there_is_none_before_one_is_saved(tmp_path: Path) -> None:
    found = load_snapshot(tmp_path, ExactIndex.load, stamp=STAMP, bank_id="b", reach=Reach())

    assert found is None
    assert inspect_snapshots(tmp_path) == []


def test_the_newer_one_replaces_the_older(tmp_path: Path) -> None:
    _save(tmp_path, 3)

    _save(tmp_path, 5)

    assert _loaded_count(tmp_path) == 5
    assert len(list(tmp_path.iterdir())) == 1


def test_one_that_a_crash_left_unfinished_is_not_looked_at(tmp_path: Path) -> None:
    _save(tmp_path, 3)
    (whole,) = tmp_path.iterdir()
    shutil.copytree(whole, tmp_path / "unfinished-2")

    _save(tmp_path, 4)

    assert _loaded_count(tmp_path) == 4


def test_an_older_one_that_a_crash_left_behind_is_not_used(tmp_path: Path) -> None:
    _save(tmp_path, 3)
    shutil.copytree(tmp_path / "snapshot-1", tmp_path / "kept")
    _save(tmp_path, 4)
    (tmp_path / "kept").rename(tmp_path / "snapshot-1")

    assert _loaded_count(tmp_path) == 4


@pytest.mark.parametrize("kind", [ExactIndex, HnswIndex])
def test_a_full_disk_leaves_the_older_one_in_force(
    tmp_path: Path, kind: type[ExactIndex | HnswIndex]
) -> None:
    _save(tmp_path, 3)

    def save_with_little_room() -> None:
        index = _index(2000, kind)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        with pytest.raises(OSError, match="written"):
            save_snapshot(tmp_path, index, bank_id="b", reach=Reach(sequence=9, id=0))

    in_child(save_with_little_room)

    assert _loaded_count(tmp_path) == 3
    assert [found.name for found in tmp_path.iterdir()] == ["snapshot-1"]


def test_inspection_names_the_damaged_file(tmp_path: Path) -> None:
    _save(tmp_path, 3)
    damaged = tmp_path / "snapshot-1" / "ids.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1])

    found = inspect_snapshots(tmp_path)

    assert found == [f"{damaged} is damaged: its content does not have the sum that was noted"]
