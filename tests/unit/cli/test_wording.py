from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from reasoningbank_daemon.cli import wording
from reasoningbank_daemon.config import editing, loading
from reasoningbank_daemon.telemetry import counters


@pytest.mark.parametrize("module", [wording, loading, editing, counters], ids=lambda module: module.__name__)
def test_examples_in_the_documentation_are_right(module: ModuleType) -> None:
    result = doctest.testmod(module)

    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.04, "0.0 s"), (59.6, "60 s"), (61, "1 min 1 s"), (7200, "2 h 0 min"), (90_000, "1 d 1 h")],
)
def test_durations_have_at_most_two_units(seconds: float, written: str) -> None:
    assert wording.duration(seconds) == written


def test_table_puts_numbers_right_and_words_left() -> None:
    lines = wording.table([("N", "WORD"), ("1", "a"), ("100", "bcd")])

    assert lines == ["  N  WORD", "  1  a", "100  bcd"]
