"""Searching by the words that matches begin with finds what the regular expression finds."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.quality.patterns.catalogue import rule_modules
from reasoningbank_daemon.quality.patterns.literal_starts import literal_starts, matches

PATTERN = re.compile(r"\bfoo(?:bar)?\(|(?:open|close)s+\.|x\.yz|[|]?barfoo\b|\bopen=")


def patterns_of(module: ModuleType) -> list[re.Pattern[str]]:
    values = [
        *vars(module).values(),
        *(each for held in vars(module).values() if isinstance(held, dict) for each in held.values()),
    ]
    return [each for each in values if isinstance(each, re.Pattern) and isinstance(each.pattern, str)]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"abc", ("abc",)),
        (r"\babcd?\(", ("abc",)),
        (r"abc+d", ("abc",)),
        (r"abc\.d[|]e|\bfgh", ("abc.d", "fgh")),
        (r"(?:abc|def)x", ("abc", "def")),
        (r"(?:abc|def)?xyz", None),
        (r"(?i:abc)", None),
        (r"ab\w", None),
        (r"abc|\d", None),
        (r"[a]bc", None),
        (r"abc|", None),
    ],
)
def test_words_that_each_match_begins_with_are_read(source: str, words: tuple[str, ...] | None) -> None:
    assert literal_starts(re.compile(source)) == words


def test_pattern_that_ignores_case_has_no_words() -> None:
    assert literal_starts(re.compile("abc", re.IGNORECASE)) is None


@given(st.lists(st.sampled_from(["foo", "bar", "(", "open", "close", "s", ".", "x", "yz", "=", " ", "|"])))
def test_same_matches_are_found_as_without_words(parts: list[str]) -> None:
    text = "".join(parts)
    pattern = re.compile(PATTERN.pattern.replace("[|]?barfoo", "barfoo"))

    found = [match.span() for match in matches(text, pattern)]

    assert literal_starts(pattern) is not None
    assert found == [match.span() for match in pattern.finditer(text)]


@pytest.mark.parametrize("module", rule_modules(), ids=lambda module: module.__name__.rpartition(".")[2])
def test_patterns_of_a_rule_find_the_same_in_all_examples(module: ModuleType) -> None:
    texts = [text for each in rule_modules() for text in map(str, (*each.RULE.fires, *each.RULE.quiet))]

    for pattern in patterns_of(module):
        for text in texts:
            found = [match.span() for match in matches(text, pattern)]

            assert found == [match.span() for match in pattern.finditer(text)], pattern
