from __future__ import annotations

import math

import pytest

from reasoningbank_daemon.quality.engine import EngineTimeoutError, RawIssue
from reasoningbank_daemon.quality.engines.grammars import languages_with_grammar
from reasoningbank_daemon.quality.engines.syntax_tree import SYNTAX_RULE, find_issues
from reasoningbank_daemon.quality.languages import Language

BROKEN = {
    Language.JAVASCRIPT: "function f( {\n  return 1;\n}\n",
    Language.TYPESCRIPT: "function f(a: string { return a; }\n",
    Language.TSX: "const a = <b>;\n",
    Language.GO: "package a\nfunc f( {}\n",
    Language.RUST: "fn f( { 1 }\n",
    Language.JAVA: "class A { void f( { } }\n",
    Language.C: "int f(int a { return a; }\n",
    Language.CPP: "class A { void f( { } };\n",
    Language.CSHARP: "class A { void F( { } }\n",
    Language.RUBY: "def f(\n  1\n",
    Language.PHP: "<?php function f( { }\n",
    Language.BASH: "if true; then\n  echo 1\n",
    Language.KOTLIN: "fun f( { }\n",
    Language.SWIFT: "func f(a: Int { return a }\n",
    Language.SCALA: "object A { def f(a: Int = { a } }\n",
}


def syntax_errors(language: Language, text: str) -> list[RawIssue]:
    return [each for each in find_issues(language, text, math.inf) if each.rule == SYNTAX_RULE]


@pytest.mark.parametrize("language", sorted(BROKEN))
def test_broken_text_has_a_parse_error(language: Language) -> None:
    assert syntax_errors(language, BROKEN[language])


def test_every_grammar_but_pythons_is_shown_to_work() -> None:
    assert languages_with_grammar() - {Language.PYTHON} == set(BROKEN)


def test_parse_errors_of_python_are_left_to_ruff() -> None:
    assert syntax_errors(Language.PYTHON, "def f(:\n") == []


def test_missing_token_is_named_at_its_place_in_characters() -> None:
    (error,) = syntax_errors(Language.JAVASCRIPT, "f('é', [1, 2);\n")

    assert (error.line, error.column, error.message) == (1, 13, "`]` is missing")


def test_errors_of_doubtful_grammars_are_marked() -> None:
    assert syntax_errors(Language.C, BROKEN[Language.C])[0].approximate
    assert not syntax_errors(Language.GO, BROKEN[Language.GO])[0].approximate


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.JAVASCRIPT, "[" * 100_000 + "]" * 100_000),
        (Language.JAVASCRIPT, "x=" + "+".join(["a"] * 50_000)),
        (Language.PYTHON, "(" * 100_000),
        (Language.C, "{" * 100_000),
        (Language.RUST, "<" * 100_000),
        (Language.JAVASCRIPT, "é==b;" * 30_000),
    ],
)
def test_deep_wide_and_long_texts_are_answered(language: Language, text: str) -> None:
    assert find_issues(language, text, math.inf) is not None


def test_long_text_stops_at_the_deadline() -> None:
    times = iter([0.0])

    with pytest.raises(EngineTimeoutError):
        find_issues(Language.JAVASCRIPT, "f();\n" * 50_000, 1.0, clock=lambda: next(times, 2.0))


def test_columns_count_characters_in_a_long_line() -> None:
    text = "eval(é);" * 3

    columns = [issue.column for issue in find_issues(Language.JAVASCRIPT, text, math.inf)]

    assert columns == [1, 9, 17]


def test_stub_names_the_line_it_stands_under() -> None:
    (stub,) = find_issues(Language.PYTHON, "class A:\n    def f(self):\n        pass\n", math.inf)

    assert (stub.rule, stub.line, stub.replaces) == ("stubbed-body", 3, "def f(self):")
