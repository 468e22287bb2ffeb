from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.index.likeness import MAX_COUNT, bag_of, likenesses, pack_bag

COUNTS = st.dictionaries(
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=5), st.integers(1, 300), max_size=12
)


def _cosine(first: dict[str, int], second: dict[str, int]) -> float:
    """Compute from the terms themselves what `likenesses` computes from packed bags."""
    ours = {term: 1 + math.log(min(count, MAX_COUNT)) for term, count in first.items()}
    theirs = {term: 1 + math.log(min(count, MAX_COUNT)) for term, count in second.items()}
    norm = math.hypot(*ours.values()) * math.hypot(*theirs.values())
    return sum(ours[term] * theirs[term] for term in ours.keys() & theirs.keys()) / norm if norm else 0.0


@given(COUNTS, st.lists(COUNTS, max_size=6))
def test_each_subject_gets_its_own_cosine(question: dict[str, int], subjects: list[dict[str, int]]) -> None:
    found = likenesses(pack_bag(question), [pack_bag(subject) for subject in subjects])

    assert found == pytest.approx([_cosine(question, subject) for subject in subjects])


@given(st.text(), st.text())
def test_likeness_is_symmetric_and_within_bounds(first: str, second: str) -> None:
    there, back = likenesses(bag_of(first), [bag_of(second)]), likenesses(bag_of(second), [bag_of(first)])

    assert there == pytest.approx(back)
    assert 0.0 <= there[0] <= 1.0


def test_a_text_is_wholly_like_itself_and_not_at_all_like_a_stranger() -> None:
    question = bag_of("fix the invoice export")

    found = likenesses(
        question, [bag_of("exporting invoices: fixed"), bag_of("thumbnail renderer"), bag_of("")]
    )

    assert found == pytest.approx([1.0, 0.0, 0.0])


def test_what_a_question_says_often_weighs_more() -> None:
    question = bag_of("parser parser parser json")

    parser, json = likenesses(question, [bag_of("parser"), bag_of("json")])

    assert parser > json
