from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.index.analysis import (
    MAX_TERM_CHARS,
    likeness,
    profile,
    query_weights,
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


def test_what_a_question_says_often_weighs_more() -> None:
    weights = query_weights("parser parser parser json")

    assert weights["parser"] > weights["json"] == 1.0


@given(st.text(), st.text())
def test_likeness_is_symmetric_and_within_bounds(first: str, second: str) -> None:
    there, back = likeness(profile(first), profile(second)), likeness(profile(second), profile(first))

    assert abs(there - back) < 1e-9
    assert 0.0 <= there <= 1.0 + 1e-9
