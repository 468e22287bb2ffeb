from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.judging.advice import MOST_CHARACTERS, advice_text
from reasoningbank_daemon.quality.reviewer import Reviewer, standard_engines
from reasoningbank_schema.verdicts import MAX_ISSUES, EditVerdict, Label

MIB = 1024**2
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


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("big.py", "x = 1\n" * 900_000),
        ("big.js", "var a = 1;\n" * 500_000),
        ("big.json", "[" + "1," * 2_500_000 + "1]"),
        ("min.js", "var a=function(b){return b==1?2:eval(b)};" * 8_000),
        ("generated.py", "".join(f"v{number} = {number}\n" for number in range(40_000))),
        ("deep.json", "[" * 100_000),
        ("deep.js", "(" * 100_000),
        ("a.py", "x = '\udcff\udc00\ud800'\n"),
        ("mixed.py", "a = 1\r\nb = 2\rc = 3\nd = (\r\n"),
        ("nul.py", "a = 1\0\n"),
        ("image.png", "\udc89PNG\r\n\x1a\n\0\0\0" * 10_000),
        ("\udcff/no/such/folder/a\n.py", "def f(:\n"),
        ("", ""),
        ("quotes.py", "'" * 50_000),
        ("calls.py", "f(" * 20_000),
        ("sql.py", 'x = "SELECT a FROM b WHERE c = " + d\n' * 3_000),
        (
            "request.py",
            "@app.route('/')\ndef f():\n    a = request.args.get('a')\n"
            + "    a = a + a\n" * 5_000
            + "    eval(a)\n",
        ),
        (
            "nested.py",
            "def f(request):\n"
            + "".join(" " * (4 + depth) + "if request.args:\n" for depth in range(90))
            + " " * 95
            + "eval(request.args['a'])\n",
        ),
    ],
)
def test_hard_text_has_an_answer_or_a_stated_reason_in_time(reviewer: Reviewer, path: str, text: str) -> None:
    verdict = review(reviewer, path, "x = 1\n", text)

    advice = advice_text(verdict)
    assert all(missing.reason for missing in verdict.engines_missing)
    assert verdict.engines_run or verdict.engines_missing
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


@pytest.mark.parametrize("moment", ["before", "between", "during"])
@pytest.mark.parametrize("victim", [0, 1])
def test_engine_killed_at_any_moment_costs_its_own_findings_and_comes_back(moment: str, victim: int) -> None:
    others = set(psutil.Process().children(recursive=True))
    engines = standard_engines()
    reviewer = Reviewer(engines)
    large = "def f(x):\n    return int(x)\n" * 5_000

    def kill() -> None:
        pid: int | None = getattr(engines[victim], "pid", None)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    try:
        if moment != "before":
            reviewer.warm()
        verdicts = [_reviewed(reviewer, large, kill if moment == "during" else None)]
        if moment != "during":
            kill()
        verdicts.append(_eventually_whole(reviewer))
    finally:
        reviewer.close()

    assert all(missing.reason for verdict in verdicts for missing in verdict.engines_missing)
    assert verdicts[-1].engines_missing == ()
    assert set(psutil.Process().children(recursive=True)) <= others


def _reviewed(reviewer: Reviewer, text: str, meanwhile: Callable[[], None] | None) -> EditVerdict:
    found: list[EditVerdict] = []
    thread = threading.Thread(target=lambda: found.append(review(reviewer, "large.py", None, text)))
    thread.start()
    if meanwhile is not None:
        meanwhile()
    thread.join(60)
    return found[0]


def _eventually_whole(reviewer: Reviewer) -> EditVerdict:
    """Review until every engine took part again; a restart may have to wait."""
    deadline = time.monotonic() + 60
    number = 0
    while True:
        number += 1
        verdict = review(reviewer, "a.py", GOOD, f"{GOOD}x = {number}\n")
        if not verdict.engines_missing or time.monotonic() > deadline:
            return verdict
