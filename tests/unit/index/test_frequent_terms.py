from __future__ import annotations

from reasoningbank_daemon.index.frequent_terms import (
    FREQUENT_FROM,
    FREQUENT_TERMS,
    POSTINGS_READ,
    RARE_TERMS,
    FrequentTerms,
    telling_terms,
)


def _chosen(asked: dict[str, int], frequent: dict[str, int], documents: int) -> list[str]:
    return [term for term, _ in telling_terms(asked, frequent, documents)]


def test_common_words_of_a_large_bank_are_left_out_where_they_would_cost_too_much() -> None:
    frequent = {
        "retry": POSTINGS_READ // 2,
        "table": POSTINGS_READ // 2,
        "export": POSTINGS_READ // 2 + 1,
        "file": 4 * POSTINGS_READ,
    }
    asked = dict.fromkeys(["file", "export", "table", "retry", "parser"], 1)

    small = _chosen(asked, {term: count // 100 for term, count in frequent.items()}, 10_000)
    large = _chosen(asked, frequent, 1_000_000)
    repeated = _chosen({**asked, "file": 40}, frequent, 1_000_000)

    assert sorted(small) == sorted(asked)
    assert large == ["parser", "retry", "table", "export"], "three are asked for whatever they cost"
    assert repeated == ["parser", "file", "retry", "table"]


def test_of_many_frequent_words_the_rarest_are_asked_for() -> None:
    frequent = {f"word{number:02}": FREQUENT_FROM + number for number in range(2 * FREQUENT_TERMS)}

    chosen = _chosen(dict.fromkeys(reversed(frequent), 1), frequent, 10_000)

    assert chosen == [*frequent][:FREQUENT_TERMS]


def test_of_very_many_rare_words_those_that_are_said_most_are_asked_for() -> None:
    asked = {f"word{number}": 1 for number in range(RARE_TERMS + 1)} | {"parser": 2}

    chosen = telling_terms(asked, {}, 10_000)

    assert len(chosen) == RARE_TERMS
    assert chosen[0][0] == "parser"
    assert chosen[0][1] > chosen[1][1] == 1.0


def test_a_word_is_frequent_from_the_commit_on_that_brings_it_into_enough_documents() -> None:
    frequent = FrequentTerms()
    counts = {"invoice": FREQUENT_FROM, "thumbnail": FREQUENT_FROM - 1}

    frequent.note(["invoice", "thumbnail"])
    before = dict(frequent.counts)
    frequent.settle(counts.__getitem__)

    assert before == {}
    assert frequent.counts == {"invoice": FREQUENT_FROM}


def test_a_word_that_has_become_rare_is_no_longer_counted() -> None:
    frequent = FrequentTerms({"invoice": FREQUENT_FROM, "export": FREQUENT_FROM})

    frequent.note(["invoice"])
    frequent.settle(lambda _: FREQUENT_FROM - 1)

    assert frequent.counts == {"export": FREQUENT_FROM}
