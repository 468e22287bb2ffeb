"""Two rankings become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.index.fusion import fuse, mix

_RANKING = st.lists(st.integers(0, 50), unique=True, max_size=40)


def test_what_both_name_comes_before_what_one_names() -> None:
    assert fuse([1, 2, 3], [9, 3]) == [3, 1, 2, 9]


def test_words_decide_where_the_rankings_are_opposed() -> None:
    assert fuse([1, 2], [2, 1]) == [1, 2]


@given(_RANKING)
def test_one_ranking_alone_keeps_its_order(ranking: list[int]) -> None:
    assert fuse(ranking, []) == ranking
    assert fuse([], ranking) == ranking
    assert fuse(ranking, ranking) == ranking


@given(_RANKING, _RANKING)
def test_every_id_comes_once(first: list[int], second: list[int]) -> None:
    found = fuse(first, second)

    assert sorted(found) == sorted({*first, *second})


@pytest.mark.parametrize(
    ("words", "cosine", "mixed"), [(0.4, 0.6, 0.5), (0.4, -0.9, 0.2), (1.0, 1.0001, 1.0)]
)
def test_likeness_by_both_is_their_mean_within_bounds(words: float, cosine: float, mixed: float) -> None:
    assert mix(words, cosine) == pytest.approx(mixed)
