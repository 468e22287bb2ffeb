"""What every vector index promises; a new one is added to ``OPENERS`` and must pass all of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasoningbank_daemon.index.errors import IndexUnusableError, VectorError
from reasoningbank_daemon.index.exact import ExactIndex
from reasoningbank_daemon.index.growing import GrowingIndex
from reasoningbank_daemon.index.hnsw import HnswIndex
from reasoningbank_daemon.index.snapshot import Reach, load_snapshot, save_snapshot
from reasoningbank_daemon.index.vector_index import Neighbour, VectorIndex
from reasoningbank_schema.vectors import Stamp

STAMP = Stamp(model="test", dimension=16, version="1")
REACH = Reach(sequence=9, id=3)

Floats = npt.NDArray[np.float32]


class Opener(NamedTuple):
    make: Callable[[Stamp], VectorIndex]
    load: Callable[[Path, Stamp], VectorIndex]


OPENERS = {
    "exact": Opener(ExactIndex, ExactIndex.load),
    "hnsw": Opener(HnswIndex, HnswIndex.load),
    "growing": Opener(lambda stamp: GrowingIndex(stamp, exact_limit=20), GrowingIndex.load),
}


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest) -> Opener:
    return OPENERS[request.param]


def _vectors(count: int, *, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, STAMP.dimension)).astype(np.float32)


HALF = 1e-3
"""What a cosine may be off by after a snapshot, which keeps numbers of 16 bits."""


def _demand_best(
    found: Sequence[Neighbour], vectors: dict[int, Floats], question: Floats, limit: int
) -> None:
    """Demand the best similarities, each with a vector that has it: equal vectors may come in any order."""

    def similarity(name: int) -> float:
        row = vectors[name].astype(np.float64)
        return float(row @ question / np.linalg.norm(row) / np.linalg.norm(question))

    told = [near.similarity for near in found]
    assert told == pytest.approx(sorted(map(similarity, vectors), reverse=True)[:limit], abs=HALF)
    assert told == pytest.approx([similarity(near.id) for near in found], abs=HALF)
    assert len({near.id for near in found}) == len(found)


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("add", "remove", "search", "among", "save")),
        st.lists(st.integers(0, 40), min_size=1, max_size=12),
        st.integers(0, 1000),
    ),
    max_size=25,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(changes=_CHANGES)
def test_any_run_of_changes_leaves_what_exact_search_over_a_dict_finds(
    opener: Opener, tmp_path: Path, changes: list[tuple[str, list[int], int]]
) -> None:
    index, kept = opener.make(STAMP), dict[int, Floats]()
    for what, ids, seed in changes:
        vectors = _vectors(len(ids), seed=seed)
        if what == "add":
            index.add(ids, vectors)
            kept |= dict(zip(ids, vectors, strict=True))
        elif what == "remove":
            index.remove(ids)
            kept = {name: row for name, row in kept.items() if name not in ids}
        elif what == "save":
            folder = tmp_path / "snapshots"
            save_snapshot(folder, index, bank_id="b", reach=REACH)
            loaded = load_snapshot(folder, opener.load, stamp=STAMP, bank_id="b", reach=REACH)
            assert loaded is not None
            index = loaded[0]
        elif what == "among":
            found = index.search(vectors[0], 5, among=ids)
            _demand_best(found, {name: kept[name] for name in kept if name in ids}, vectors[0], 5)
        else:
            found = index.search(vectors[0], len(ids))
            _demand_best(found, kept, vectors[0], len(ids))
        assert index.count == len(kept)
        assert index.ids().tolist() == sorted(kept)


def test_an_empty_index_finds_nothing(opener: Opener) -> None:
    assert opener.make(STAMP).search(_vectors(1)[0], 5) == []


def test_asking_for_more_than_there_is_gives_what_there_is(opener: Opener) -> None:
    index = opener.make(STAMP)
    index.add([1, 2, 3], _vectors(3))
    index.remove([2])

    found = index.search(_vectors(1, seed=5)[0], 100)

    assert {near.id for near in found} == {1, 3}


def test_a_filter_that_leaves_nothing_finds_nothing(opener: Opener) -> None:
    index = opener.make(STAMP)
    index.add([1, 2, 3], _vectors(3))

    assert index.search(_vectors(1)[0], 5, among=[77]) == []
    assert index.search(_vectors(1)[0], 5, among=[]) == []


def test_similarity_is_the_cosine_whatever_the_lengths(opener: Opener) -> None:
    index = opener.make(STAMP)
    first, second = _vectors(2)
    index.add([1, 2], np.stack([first * 40_000, second / 40_000]))

    found = {near.id: near.similarity for near in index.search(first * 3, 2)}

    assert found[1] == pytest.approx(1.0, abs=1e-5)
    cosine = float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))
    assert found[2] == pytest.approx(cosine, abs=1e-5)


def test_vectors_as_the_bank_keeps_them_are_taken(opener: Opener) -> None:
    index = opener.make(STAMP)
    vectors = _vectors(2)

    index.add(np.array([1, 2], dtype=np.int64), vectors.astype(np.float16))

    assert index.search(vectors[1], 1)[0].id == 2


def test_of_an_id_that_comes_twice_the_last_vector_is_kept(opener: Opener) -> None:
    index = opener.make(STAMP)
    first, second = _vectors(2)

    index.add([1, 1], np.stack([first, second]))

    assert index.count == 1
    assert index.search(second, 1)[0].similarity == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows.__setitem__((1, 3), np.nan), "vector 2 holds a NaN"),
        (lambda rows: rows.__setitem__((1, 3), np.inf), "vector 2 holds a NaN or an infinity"),
        (lambda rows: rows.__setitem__(1, 0), "vector 2 has length zero"),
    ],
)
def test_a_bad_vector_is_named_and_nothing_of_its_call_is_kept(
    opener: Opener, spoil: Callable[[Floats], None], message: str
) -> None:
    index = opener.make(STAMP)
    vectors = _vectors(3)
    spoil(vectors)

    with pytest.raises(VectorError, match=message):
        index.add([1, 2, 3], vectors)

    assert index.count == 0


def test_vectors_of_another_dimension_are_refused(opener: Opener) -> None:
    index = opener.make(STAMP)

    with pytest.raises(VectorError, match=r"shape \(n, 16\)"):
        index.add([1], np.ones((1, 15), dtype=np.float32))
    with pytest.raises(VectorError, match="2 ids for 1 vectors"):
        index.add([1, 2], _vectors(1))
    with pytest.raises(VectorError, match=r"shape \(16,\)"):
        index.search(np.ones(15, dtype=np.float32), 1)
    with pytest.raises(VectorError, match="the question holds a NaN"):
        index.search(np.full(16, np.nan, dtype=np.float32), 1)


def test_searches_go_on_while_another_thread_makes_the_index_grow(opener: Opener) -> None:
    index = opener.make(STAMP)
    vectors = _vectors(3000)
    index.add(np.arange(10), vectors[:10])
    defects: list[BaseException] = []
    done = threading.Event()
    begun = threading.Barrier(3)

    def look() -> None:
        begun.wait()
        try:
            while not done.is_set():
                found = index.search(vectors[3], 10)
                assert found[0].id == 3
                assert found[0].similarity == pytest.approx(1.0, abs=1e-5)
        except BaseException as error:  # noqa: BLE001  handed to the test's own thread
            defects.append(error)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.wait()
    for start in range(10, 3000, 230):
        index.add(np.arange(start, min(start + 230, 3000)), vectors[start : start + 230])
        index.remove(np.arange(start, start + 5))
    done.set()
    for thread in threads:
        thread.join()

    assert defects == []
    assert index.count == 3000 - 5 * 13


def test_recall_against_exact_search_is_near_one_on_clustered_data(opener: Opener) -> None:
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(60, STAMP.dimension))
    vectors = (centres[rng.integers(0, 60, 3000)] + 0.4 * rng.normal(size=(3000, 16))).astype(np.float32)
    index, oracle = opener.make(STAMP), ExactIndex(STAMP)
    index.add(np.arange(3000), vectors)
    oracle.add(np.arange(3000), vectors)

    hits = [
        len(
            {near.id for near in index.search(question, 10)}
            & {near.id for near in oracle.search(question, 10)}
        )
        for question in vectors[::30]
    ]

    assert sum(hits) / (10 * len(hits)) >= 0.99


def test_most_of_an_index_can_be_removed_and_the_rest_is_found(opener: Opener) -> None:
    index = opener.make(STAMP)
    vectors = _vectors(2500)
    index.add(np.arange(2500), vectors)

    index.remove(np.arange(0, 2400))

    assert index.ids().tolist() == list(range(2400, 2500))
    assert index.search(vectors[2450], 1)[0].id == 2450
    assert len(index.search(vectors[0], 200)) == 100


def _saved(opener: Opener, folder: Path) -> Path:
    index = opener.make(STAMP)
    index.add(np.arange(30), _vectors(30))
    save_snapshot(folder, index, bank_id="b", reach=REACH)
    (snapshot,) = folder.iterdir()
    return snapshot


def _load(opener: Opener, folder: Path, **changed: object) -> None:
    expected = {"stamp": STAMP, "bank_id": "b", "reach": REACH} | changed
    load_snapshot(folder, opener.load, **expected)  # type: ignore[arg-type]  # what each test gives


def test_every_damaged_file_makes_a_snapshot_unusable(opener: Opener, tmp_path: Path) -> None:
    for file in _saved(opener, tmp_path).iterdir():
        whole = file.read_bytes()
        flipped = bytes((*whole[:-9], whole[-9] ^ 4, *whole[-8:]))
        for spoilt in (flipped, whole[: len(whole) // 2], b""):
            file.write_bytes(spoilt)
            with pytest.raises(IndexUnusableError):
                _load(opener, tmp_path)
        file.unlink()
        with pytest.raises(IndexUnusableError):
            _load(opener, tmp_path)
        file.write_bytes(whole)

    _load(opener, tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stamp": Stamp(model="test", dimension=16, version="2")}, "is of stamp"),
        ({"stamp": Stamp(model="test", dimension=8, version="1")}, "is of stamp"),
        ({"bank_id": "another"}, "is of bank b, this is another"),
        ({"reach": Reach(sequence=9, id=2)}, "reaches"),
    ],
)
def test_a_snapshot_that_belongs_elsewhere_is_unusable(
    opener: Opener, tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    _saved(opener, tmp_path)

    with pytest.raises(IndexUnusableError, match=message):
        _load(opener, tmp_path, **changed)
