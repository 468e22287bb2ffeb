from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from rbtest.engines_under_fire import belongings
from rbtest.hard_texts import HARD_TEXTS

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.judging.advice import MOST_CHARACTERS, advice_text
from reasoningbank_daemon.quality.reviewer import Reviewer, standard_engines
from reasoningbank_schema.verdicts import MAX_ISSUES, EditVerdict, Label

MIB = 1024**2
ENGINE_BYTES = 450 * MIB
"""Above 400 MB resident, an engine is replaced between two questions."""
GOOD = "def f(x):\n    return int(x)\n"


@pytest.fixture(scope="module")
def reviewer() -> Iterator[Reviewer]:
    made = Reviewer(standard_engines())
    yield made
    made.close()


def review(reviewer: Reviewer, path: str, before: str | None, after: str) -> EditVerdict:
    return reviewer.review(Edit(path=path, before=before, after=after), time.monotonic() + 60)


def resident_bytes() -> int:
    process = psutil.Process()
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


@pytest.mark.parametrize(("path", "text"), HARD_TEXTS.values(), ids=HARD_TEXTS)
def test_hard_text_has_an_answer_or_a_stated_reason_in_time(reviewer: Reviewer, path: str, text: str) -> None:
    verdict = review(reviewer, path, "x = 1\n", text)

    advice = advice_text(verdict)
    answered = {*verdict.engines_run, *(each.engine for each in verdict.engines_missing)}
    assert "text" in answered
    assert len(answered) >= 2
    assert all(missing.reason for missing in verdict.engines_missing)
    assert advice is None or len(advice) <= MOST_CHARACTERS


def test_ten_thousand_new_issues_are_counted_and_the_worst_listed(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "a.py", "", "x = eval(y)\n" * 10_000)

    assert verdict.new_issues >= 10_000
    assert len(verdict.issues) == MAX_ISSUES
    advice = advice_text(verdict)
    assert advice is not None
    assert len(advice) <= MOST_CHARACTERS


def test_two_hundred_edits_at_once_are_answered_rightly(reviewer: Reviewer) -> None:
    def one(number: int) -> tuple[Label, int]:
        after = f"def f{number}(x):\n    return eval(x)\n" if number % 2 else GOOD
        verdict = review(reviewer, f"{number}.py", GOOD, after)
        return verdict.label, len(verdict.engines_missing)

    with ThreadPoolExecutor(max_workers=32) as pool:
        answers = list(pool.map(one, range(200)))

    assert answers == [(Label.WORSE if number % 2 else Label.SAME, 0) for number in range(200)]


def test_file_that_an_engine_dies_of_costs_other_files_nothing_after_the_second_time() -> None:
    # ruff 0.17 overflows its stack here; another version may not, and then this shows less.
    deadly = "x = " + "-" * 20_000 + "y\n"
    reviewer = Reviewer(standard_engines())
    reasons = [
        [each.reason for each in review(reviewer, "deadly.py", None, f"{deadly}# {number}\n").engines_missing]
        for number in range(5)
    ]
    if not any(reasons):
        pytest.skip("this version of ruff survives 20,000 signs in a row")

    other = review(reviewer, "other.py", GOOD, f"{GOOD}x = 1\n")
    third = review(reviewer, "deadly.py", None, deadly)
    still = review(reviewer, "other.py", GOOD, GOOD.replace("int", "eval"))
    reviewer.close()

    assert other.engines_missing == still.engines_missing == ()
    assert [each.reason for each in third.engines_missing] == [
        "it failed over this file 2 times and is not asked about it for 10 min"
    ]


def test_memory_stays_flat_over_many_edits(reviewer: Reviewer) -> None:
    def work(rounds: range) -> None:
        for number in rounds:
            text = "".join(f"def f{line}_{number}(x):\n    return int(x)\n" for line in range(150))
            review(reviewer, f"{number % 7}.py", GOOD, text)
            review(
                reviewer,
                f"{number % 7}.go",
                "package a\n",
                f"package a\n// {number}\n" + "func f() {}\n" * 100,
            )

    work(range(60))
    warm = resident_bytes()
    work(range(60, 260))

    assert resident_bytes() - warm < 40 * MIB


def test_hard_texts_leave_memory_flat_and_nothing_running() -> None:
    before = belongings()
    reviewer = Reviewer(standard_engines())

    def work(rounds: range) -> int:
        for number in rounds:
            for path, text in HARD_TEXTS.values():
                review(reviewer, path, "x = 1\n", f"{text}# {number}\n")
        return psutil.Process().memory_info().rss

    warm = work(range(3))  # the third time, nobody asks ruff any more about what it dies of
    held = belongings()
    grown = work(range(3, 5)) - warm
    after = belongings()
    engines = [child.memory_info().rss for child in psutil.Process().children()]
    reviewer.close()

    assert grown < 32 * MIB
    assert max(engines) < ENGINE_BYTES
    assert (len(after.children), after.descriptors) == (len(held.children), held.descriptors)
    assert belongings() == before
