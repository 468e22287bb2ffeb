"""A parser that has seen a similar text says the same of the next one as a parser that has seen nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.quality.engines.syntax_tree import find_issues
from reasoningbank_daemon.quality.engines.tree_sitter_parse import TextParser, edit_between
from reasoningbank_daemon.quality.languages import Language

PYTHON = [
    "def f(x):",
    "    pass",
    "    return 1",
    "    g()",
    "@pytest.mark.skip",
    "class A:",
    "    def g(self):",
    "        raise ValueError('é')",
    "        # rest of the code",
    "x = '''",
    "assert True",
    "",
]
JAVASCRIPT = [
    "function f() {",
    "  return 1;",
    "  g();",
    "}",
    "if (a == 'é') {",
    "it.only('x', f);",
    "/* a",
    "*/",
    "",
]


def texts(lines: list[str]) -> st.SearchStrategy[list[str]]:
    """Draw the steps of a file: each takes some lines of the one before out, and puts others in."""
    change = st.tuples(st.integers(0, 40), st.integers(0, 3), st.lists(st.sampled_from(lines), max_size=3))
    return st.tuples(
        st.lists(st.sampled_from(lines), min_size=8, max_size=40), st.lists(change, max_size=5)
    ).map(lambda drawn: _steps(*drawn))


def _steps(lines: list[str], edits: list[tuple[int, int, list[str]]]) -> list[str]:
    steps = ["\n".join(lines)]
    for start, gone, added in edits:
        lines = [*lines[:start], *added, *lines[start + gone :]]
        steps.append("\n".join(lines))
    return steps


@pytest.mark.parametrize("language", [Language.PYTHON, Language.JAVASCRIPT])
@given(data=st.data())
def test_issues_do_not_depend_on_the_texts_before(language: Language, data: st.DataObject) -> None:
    steps = data.draw(texts(PYTHON if language is Language.PYTHON else JAVASCRIPT))
    parser = TextParser()

    for text in steps:
        assert find_issues(language, text, math.inf, parser=parser) == find_issues(language, text, math.inf)


@given(
    old=st.lists(st.sampled_from(["a\n", "bc\n", "d"])), new=st.lists(st.sampled_from(["a\n", "bc\n", "d"]))
)
def test_edit_between_two_texts_leaves_the_same_around_it(old: list[str], new: list[str]) -> None:
    before, after = "".join(old).encode(), "".join(new).encode()

    edit = edit_between(before, after)

    if edit is not None:
        start, old_end, new_end = edit
        assert start <= old_end
        assert start <= new_end
        assert before[:start] == after[:start]
        assert before[old_end:] == after[new_end:]
