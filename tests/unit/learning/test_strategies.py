from __future__ import annotations

import pytest

from reasoningbank_daemon.learning.strategies import (
    SimilarTask,
    Strategy,
    StrategyPolicy,
    best_strategy,
    strategy_of,
)
from reasoningbank_daemon.learning.trajectory import Step, StepKind


def steps(marks: str) -> list[Step]:
    """Make steps out of letters: E edit, T edit of a test, P edit of prose, C tests, c linter, l a look."""
    path = {"E": "src/a.py", "T": "tests/test_a.py", "P": "README.md"}
    line = {"C": "pytest -q", "c": "ruff check .", "l": "ls"}
    return [
        Step(kind=StepKind.EDIT, at_ns=at, path=path[mark], ok=True)
        if mark in path
        else Step(kind=StepKind.COMMAND, at_ns=at, command=line[mark], exit_status=0)
        for at, mark in enumerate(marks)
    ]


def similar(strategy: str, probability: float | None, times: int = 1) -> list[SimilarTask]:
    return [SimilarTask(duration_s=1.0, model="m", probability=probability, strategy=strategy)] * times


@pytest.mark.parametrize(
    ("marks", "strategy"),
    [
        ("", Strategy.NO_EDIT),
        ("lCl", Strategy.NO_EDIT),
        ("CEC", Strategy.TEST_FIRST),
        ("lCEE", Strategy.TEST_FIRST),
        ("TEC", Strategy.TEST_FIRST),
        ("EEC", Strategy.EDIT_THEN_CHECK),
        ("Ec", Strategy.EDIT_THEN_CHECK),
        ("cEE", Strategy.UNCHECKED),
        ("EECE", Strategy.UNCHECKED),
        ("ECECEC", Strategy.SMALL_STEPS),
        ("CEcETcEC", Strategy.SMALL_STEPS),
        ("ECP", Strategy.EDIT_THEN_CHECK),
    ],
)
def test_the_order_of_steps_names_the_strategy(marks: str, strategy: Strategy) -> None:
    assert strategy_of(steps(marks)) is strategy


def test_without_similar_tasks_the_strategy_is_the_default() -> None:
    assert best_strategy([], StrategyPolicy()) == ("default", "")


def test_a_strategy_that_succeeded_more_often_is_named_with_its_count() -> None:
    record = (
        similar("test-first", 0.95, 9)
        + similar("edit-then-check", 0.05, 7)
        + similar("edit-then-check", 0.95, 2)
    )

    strategy, reason = best_strategy(record, StrategyPolicy())

    assert strategy == "test-first"
    assert "9 of 9 similar tasks" in reason


def test_two_strategies_that_did_alike_leave_the_default() -> None:
    record = similar("test-first", 0.95, 5) + similar("edit-then-check", 0.95, 5)

    assert best_strategy(record, StrategyPolicy()) == ("default", "")


def test_a_strategy_that_failed_is_not_named() -> None:
    assert best_strategy(similar("test-first", 0.05, 9), StrategyPolicy()) == ("default", "")


def test_two_tasks_are_not_enough() -> None:
    assert best_strategy(similar("test-first", 0.95, 2), StrategyPolicy()) == ("default", "")


def test_tasks_that_are_not_judged_or_edited_nothing_do_not_count() -> None:
    record = similar("test-first", None, 9) + similar("no-edit", 0.95, 9) + similar("", 0.95, 9)

    assert best_strategy(record, StrategyPolicy()) == ("default", "")
