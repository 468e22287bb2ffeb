from __future__ import annotations

import pytest

from reasoningbank_daemon.services.found import Match
from reasoningbank_daemon.services.recall import choose_candidates, rank_matches

THRESHOLD = 0.5
RANKED = [1, 2, 3, 4]


def match(identifier: int, likeness: float, *, own: bool = False) -> Match:
    return Match(id=identifier, outcome="success", likeness=likeness, same_project=own)


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        pytest.param([match(1, 0.2), match(3, 0.6)], [3, 1], id="alike-before-unlike-whatever-the-ranking"),
        pytest.param([match(1, 0.9), match(2, 0.6, own=True)], [2, 1], id="own-project-first-among-alike"),
        pytest.param([match(2, 0.6), match(1, 0.9), match(3, 0.8)], [1, 2, 3], id="then-by-the-ranking"),
        pytest.param([match(1, 0.6), match(9, 0.7)], [9, 1], id="newer-than-the-index-and-alike-first"),
        pytest.param([match(1, 0.1), match(9, 0.2)], [1, 9], id="newer-than-the-index-and-unlike-last"),
        pytest.param([match(9, 0.0), match(4, 0.0)], [4], id="newer-with-nothing-in-common-left-out"),
    ],
)
def test_matches_are_ordered_by_likeness_then_project_then_ranking(
    matches: list[Match], expected: list[int]
) -> None:
    ranked = rank_matches(matches, RANKED, threshold=THRESHOLD)

    assert [each.id for each in ranked] == expected


def test_half_of_the_candidates_are_the_best_and_the_rest_this_projects_first() -> None:
    chosen = choose_candidates([1, 2, 3, 4, 5, 6, 7], {6, 7}, 4)

    assert chosen == [1, 2, 6, 7]


def test_without_own_experiences_the_best_are_the_candidates() -> None:
    chosen = choose_candidates([1, 2, 3, 4, 5], set(), 3)

    assert chosen == [1, 2, 3]
