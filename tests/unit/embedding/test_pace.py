"""How much of a question is read follows what reading took."""

from __future__ import annotations

from reasoningbank_daemon.embedding.pace import LEAST_TOKENS, MOST_TOKENS, Pace

LONG = "word " * 400


def test_the_most_is_read_while_nothing_is_known() -> None:
    assert Pace().tokens_within(0.001) == MOST_TOKENS


def test_a_slow_machine_reads_less_and_a_fast_one_all() -> None:
    slow, fast = Pace(), Pace()

    slow.took(0.080, text=LONG, tokens=100)
    fast.took(0.010, text=LONG, tokens=100)

    assert slow.tokens_within(0.045) == 28
    assert fast.tokens_within(0.045) == MOST_TOKENS


def test_no_machine_reads_less_than_a_sentence() -> None:
    pace = Pace()

    pace.took(10.0, text=LONG, tokens=100)

    assert pace.tokens_within(0.045) == LEAST_TOKENS


def test_one_bad_moment_is_outweighed_by_the_next_good_ones() -> None:
    pace = Pace()
    for _ in range(10):
        pace.took(0.010, text=LONG, tokens=100)
    before = pace.tokens_within(0.0162)

    pace.took(0.100, text=LONG, tokens=100)
    during = pace.tokens_within(0.0162)
    for _ in range(20):
        pace.took(0.010, text=LONG, tokens=100)

    assert during < before
    assert before - 3 <= pace.tokens_within(0.0162) <= before


def test_a_short_text_says_nothing_about_the_pace() -> None:
    pace = Pace()

    pace.took(0.100, text="fix it", tokens=100)

    assert pace.tokens_within(0.045) == MOST_TOKENS
