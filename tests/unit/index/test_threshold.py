"""The threshold follows how alike unrelated tasks are, and says when there is no evidence for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.index.threshold import CEILING, DEFAULT, FLOOR, Goal, derive_threshold


def _goals(*projects: int) -> list[Goal]:
    return [Goal(project_id=project, text=f"goal {number}") for number, project in enumerate(projects)]


def _spread(first: int, second: int) -> float:
    return 0.3 + 0.2 * ((first * 31 + second * 17) % 100) / 100


@pytest.mark.parametrize(("count", "evidence"), [(0, "no"), (1, "no"), (2, "too little"), (20, "too little")])
def test_few_tasks_give_the_default_and_say_that_it_is_one(count: int, evidence: str) -> None:
    found = derive_threshold(_goals(*[1] * count), _spread)

    assert found.value == DEFAULT
    assert found.basis.startswith(f"default, {evidence} evidence yet: ")
    assert found.basis.endswith("pairs of tasks of the same project, 200 needed")


def test_tasks_of_two_projects_are_taken_as_unrelated() -> None:
    goals = _goals(*[1, 2] * 40)

    def alike(first: int, second: int) -> float:
        return 0.95 if goals[first].project_id == goals[second].project_id else _spread(first, second)

    found = derive_threshold(goals, alike)

    assert 0.48 <= found.value <= 0.5
    assert found.basis.endswith("pairs of tasks of different projects")


def test_where_one_project_is_all_there_is_its_own_pairs_are_compared() -> None:
    found = derive_threshold(_goals(*[1] * 60), _spread)

    assert 0.48 <= found.value <= 0.5
    assert found.basis.endswith("pairs of tasks of the same project")


def test_tasks_with_the_same_words_are_not_compared() -> None:
    goals = [Goal(project_id=number % 2, text="the same") for number in range(100)]

    assert derive_threshold(goals, _spread).value == DEFAULT


@given(st.floats(0, 1), st.integers(0, 5))
def test_any_likeness_gives_a_threshold_within_bounds(likeness: float, seed: int) -> None:
    found = derive_threshold(_goals(*[1, 2, 3] * 20), lambda _first, _second: likeness, seed=seed)

    assert FLOOR <= found.value <= CEILING
    assert found == derive_threshold(_goals(*[1, 2, 3] * 20), lambda _first, _second: likeness, seed=seed)
