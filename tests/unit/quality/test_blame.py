from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.processes.blame import REFUSED_S, Blame


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def blame(now: list[float]) -> Blame:
    return Blame(lambda: now[0])


def test_file_is_refused_after_the_second_death_and_asked_about_again_later(
    blame: Blame, now: list[float]
) -> None:
    blame.note(["a.py"])
    once = blame.reason("a.py")
    blame.note(["a.py", "b.py"])
    twice = blame.reason("a.py")
    now[0] += REFUSED_S
    later = blame.reason("a.py")

    assert once is None
    assert twice == "it failed over this file 2 times and is not asked about it for 10 min"
    assert blame.reason("b.py") is None
    assert later is None


def test_two_questions_about_one_file_are_one_death(blame: Blame) -> None:
    blame.note(["a.py", "a.py"])

    assert blame.reason("a.py") is None


def test_files_of_long_ago_are_forgotten(blame: Blame) -> None:
    blame.note(["first.py"])
    for number in range(300):
        blame.note([f"{number}.py"])
    blame.note(["first.py"])

    assert blame.reason("first.py") is None
