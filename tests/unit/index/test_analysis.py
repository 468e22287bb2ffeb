from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.index.analysis import (
    MAX_TERM_CHARS,
    count_terms,
    terms,
)


def test_identifiers_give_their_parts_and_themselves() -> None:
    assert {"json", "file", "parsejsonfile", "user", "user_names"} <= set(
        terms("parseJsonFile in src/user_names.py")
    )


def test_plural_and_verb_forms_meet() -> None:
    assert set(terms("fixing parsers")) == set(terms("fixed parser"))


@given(st.text())
def test_terms_are_short_and_never_empty(text: str) -> None:
    assert all(0 < len(term) <= MAX_TERM_CHARS for term in terms(text))


@given(st.text())
def test_counts_are_of_the_terms_in_the_order_of_their_first_mention(text: str) -> None:
    counts = count_terms(text)

    assert list(counts) == list(dict.fromkeys(terms(text)))
    assert sum(counts.values()) == len(terms(text))
