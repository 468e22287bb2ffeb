from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.engines.plain_text import PlainTextEngine
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import text_rules_for

FIRING = [
    text for rule in text_rules_for(Language.PYTHON) for language, text in rule.fires if language == "python"
]
PIECES = (
    *FIRING,
    *("x = 1\n" * count for count in (1, 30, 80)),
    "print(\n",
    '"here")\n',
    "\n" * 12,
    "# İ\n",
    "é = 2\n",
)
pieces = st.lists(st.sampled_from(PIECES), max_size=6)


def document(parts: list[str], *, path: str = "a.py") -> Document:
    return Document(path=path, language=Language.PYTHON, text="".join(parts))


def by_place(issues: tuple[RawIssue, ...]) -> list[RawIssue]:
    return sorted(issues, key=lambda issue: (issue.line, issue.column, issue.rule, issue.message))


@given(start=pieces, old=pieces, new=pieces, end=pieces)
def test_text_after_a_similar_one_has_the_findings_of_the_text_alone(
    start: list[str], old: list[str], new: list[str], end: list[str]
) -> None:
    engine = PlainTextEngine()
    engine.analyse(document([*start, *old, *end]), math.inf)
    text = document([*start, *new, *end])

    again = engine.analyse(text, math.inf)

    assert by_place(again) == by_place(PlainTextEngine().analyse(text, math.inf))


def test_text_under_another_name_is_read_anew() -> None:
    engine = PlainTextEngine()
    parts = ['password = "hunter2"\n' * 60, FIRING[0], 'path = "/home/mweber/data/x.csv"\n']
    engine.analyse(document(parts, path="tests/test_a.py"), math.inf)

    again = engine.analyse(document(parts), math.inf)

    assert "hard-coded-path" in {issue.rule for issue in again}


def test_finding_moves_with_the_lines_above_it() -> None:
    engine = PlainTextEngine()
    parts = ["x = 1\n" * 100, 'path = "/home/mweber/data/x.csv"\n']
    engine.analyse(document(parts), math.inf)

    again = engine.analyse(document(["import os\n", *parts]), math.inf)

    assert [(issue.rule, issue.line) for issue in again] == [("hard-coded-path", 102)]
