from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from reasoningbank_daemon.quality.edit import Edit, content_sha256
from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.engines.plain_text import PlainTextEngine
from reasoningbank_daemon.quality.engines.ruff_engine import RuffEngine
from reasoningbank_daemon.quality.engines.tree_sitter_engine import TreeSitterEngine
from reasoningbank_daemon.quality.judging.advice import advice_text
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.reviewer import Reviewer, standard_engines
from reasoningbank_schema.verdicts import Category, EditVerdict, Label, Severity


@pytest.fixture(scope="module")
def reviewer() -> Iterator[Reviewer]:
    made = Reviewer(standard_engines())
    yield made
    made.close()


def review(reviewer: Reviewer, path: str, before: str | None, after: str) -> EditVerdict:
    return reviewer.review(Edit(path=path, before=before, after=after), time.monotonic() + 60)


def rules(verdict: EditVerdict) -> list[str]:
    return [issue.rule for issue in verdict.issues]


def test_eval_brought_into_a_function_makes_the_edit_worse(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "good.py", "def f(x):\n    return int(x)\n", "def f(x):\n    return eval(x)\n")

    assert (verdict.label, rules(verdict)) == (Label.WORSE, ["S307"])
    assert verdict.score_before is not None
    assert verdict.score_after < verdict.score_before
    text = advice_text(verdict)
    assert text is not None
    assert "good.py:2 S307 (security)" in text


def test_eval_that_was_there_already_is_not_told(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "a.py", "y = eval(x())\n", "import os\n\ny = eval(x())\n")

    assert "S307" not in rules(verdict)
    assert advice_text(verdict) is None


def test_import_that_is_not_used_yet_is_a_note(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "a.py", "x = 1\n", "import os\n\nx = 1\n")

    assert (verdict.label, rules(verdict)) == (Label.SAME, ["F401"])
    assert verdict.issues[0].severity is Severity.NOTE


def test_edit_that_takes_an_issue_out_is_better(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "a.py", "x = eval(input())\n", "x = int(input())\n")

    assert (verdict.label, verdict.fixed, verdict.issues) == (Label.BETTER, 1, ())


def test_edit_that_no_longer_parses_is_broken(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "a.ts", "function f() { return 1; }\n", "function f() { return (1; }\n")

    assert verdict.label is Label.BROKEN
    assert verdict.issues[0].category is Category.SYNTAX


def test_second_step_in_a_file_that_does_not_parse_yet_is_not_told_again(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "a.py", "def f(:\n    a = 1\n", "def f(:\n    a = 2\n")

    assert verdict.label is Label.SAME


def test_macros_that_the_grammar_of_c_misreads_are_no_fault_of_the_edit(reviewer: Reviewer) -> None:
    before = "DECLARE(x) BEGIN\nint a;\nEND DECLARE\n"
    after = "DECLARE(x) BEGIN\nint a;\nEND DECLARE\nDECLARE(y) BEGIN\nEND DECLARE\n"

    verdict = review(reviewer, "a.c", before, after)

    assert verdict.label is Label.SAME


@pytest.mark.parametrize(
    ("path", "before", "after", "rule"),
    [
        ("a.json", '{"a": 1}', '{"a": 1,}', "json-syntax"),
        ("a.toml", "a = 1\n", "a = \n", "toml-syntax"),
        ("a.yaml", "a: 1\n", "a: [1\n", "yaml-syntax"),
        ("a.swift", "func f() { g() }\n", "func f() { g( }\n", "syntax-error"),
        ("a.scala", "object A { def f = g(1) }\n", "object A { def f = g(1 }\n", "syntax-error"),
        ("a.md", "text\n", "<<<<<<< a\ntext\n=======\nother\n>>>>>>> b\n", "merge-conflict"),
        ("a.kt", "fun f() { g() }\n", "fun f() { g( }\n", "syntax-error"),
    ],
)
def test_every_kind_of_text_has_its_engine(
    reviewer: Reviewer, path: str, before: str, after: str, rule: str
) -> None:
    verdict = review(reviewer, path, before, after)

    assert (verdict.label, rule in rules(verdict)) == (Label.BROKEN, True)


def test_caller_may_name_the_language(reviewer: Reviewer) -> None:
    edit = Edit(path="script", language="py", before="x = 1\n", after="x = eval(input())\n")

    verdict = reviewer.review(edit, time.monotonic() + 60)

    assert (verdict.language, rules(verdict)) == ("python", ["input-in-code"])


def test_kind_of_file_that_no_engine_reads_is_said(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "a.css", "a {}", "a {")

    assert (verdict.language, verdict.engines_run) == ("unknown", ("text",))
    assert [(each.engine, each.reason) for each in verdict.engines_missing] == [
        ("parser", "no engine reads files of this kind")
    ]


def test_verdict_is_tied_to_the_bytes_of_the_text(reviewer: Reviewer) -> None:
    after = b"x = '\xff'\r\n".decode("utf-8", "surrogateescape")

    verdict = review(reviewer, "a.py", "x = 1\n", after)

    assert verdict.content_sha256 == content_sha256(after)


def test_change_of_line_ends_alone_is_no_change(reviewer: Reviewer) -> None:
    verdict = review(reviewer, "a.py", "x = eval(y())\r\n", "x = eval(y())\n")

    assert (verdict.label, verdict.issues) == (Label.SAME, ())


def test_verdicts_of_many_threads_do_not_mix(reviewer: Reviewer) -> None:
    wrong: list[EditVerdict] = []

    def work(worker: int) -> None:
        for n in range(12):
            call = "eval" if n % 2 else "int"
            verdict = review(reviewer, "a.py", f"x{worker} = {n}\n", f"x{worker} = {call}(input({n}))\n")
            if rules(verdict) != (["input-in-code"] if n % 2 else []) or verdict.engines_missing:
                wrong.append(verdict)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_passed_deadline_gives_a_verdict_that_names_every_engine(reviewer: Reviewer) -> None:
    verdict = reviewer.review(Edit(path="new.py", before="a = 1\n", after="a = 3\n"), -math.inf)

    assert verdict.engines_run == ()
    assert [each.engine for each in verdict.engines_missing] == ["ruff", "tree-sitter", "text"]


@pytest.mark.parametrize("victim", ["ruff", "tree-sitter"])
def test_killed_engine_costs_its_own_findings_and_comes_back(victim: str) -> None:
    ruff, parser = RuffEngine(), TreeSitterEngine()
    reviewer = Reviewer((ruff, parser, PlainTextEngine()))
    after = "def f(x):\n    return eval(x)\n    f(2)\n"
    try:
        review(reviewer, "a.py", None, "x = 0\n")
        pid = ruff.pid if victim == "ruff" else parser.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        first = review(reviewer, "a.py", None, after)
        for n in range(100):
            last = review(reviewer, "a.py", None, after + f"# {n}\n")
            if not last.engines_missing:
                break

        assert set(first.engines_run) >= {"ruff", "tree-sitter", "text"} - {victim}
        assert rules(last) == ["S307", "unreachable-code"]
    finally:
        reviewer.close()


def test_engine_outlives_the_thread_that_needed_it_first() -> None:
    ruff = RuffEngine()
    reviewer = Reviewer((ruff,))
    thread = threading.Thread(target=review, args=(reviewer, "a.py", None, "x = 0\n"))
    thread.start()
    thread.join()
    pid = ruff.pid
    try:
        verdict = review(reviewer, "a.py", None, "x = eval(input())\n")

        assert pid is not None
        assert (rules(verdict), ruff.pid) == (["S307"], pid)
    finally:
        reviewer.close()


class FaultyEngine:
    """An engine with a fault in its own code."""

    name = "faulty"
    languages: frozenset[Language] | None = None

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        raise ZeroDivisionError(f"{document.path} by {deadline}")

    def close(self) -> None:
        """Hold nothing."""


def test_fault_in_one_engine_costs_no_other_its_findings() -> None:
    reviewer = Reviewer((FaultyEngine(), PlainTextEngine()))

    verdict = review(reviewer, "a.txt", "", "<<<<<<< a\n=======\n>>>>>>> b\n")

    assert rules(verdict) == ["merge-conflict"]
    assert verdict.engines_missing[1].reason.startswith("it failed: ZeroDivisionError")


def test_closed_reviewer_still_answers_and_says_what_is_missing() -> None:
    reviewer = Reviewer(standard_engines())
    reviewer.close()
    reviewer.close()

    verdict = review(reviewer, "a.py", "x = 1\n", "x = 2\n")

    assert [each.reason for each in verdict.engines_missing] == ["it is shut down", "it is shut down"]
