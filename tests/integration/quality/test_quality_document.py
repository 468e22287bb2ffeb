from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from reasoningbank_daemon.quality.grammars import languages_with_grammar
from reasoningbank_daemon.quality.patterns.catalogue import ALL_PATTERNS
from reasoningbank_daemon.quality.reviewer import standard_engines

DOCUMENT = (Path(__file__).parents[3] / "docs" / "quality.md").read_text(encoding="utf-8")


def test_example_prints_what_the_document_shows() -> None:
    example, shown = re.findall(r"```(?:python)?\n(.*?)```", DOCUMENT, re.DOTALL)[:2]

    printed = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, check=True, timeout=120
    ).stdout

    assert shown in printed


def test_every_own_rule_is_in_the_document_and_no_other() -> None:
    table = DOCUMENT[DOCUMENT.index("| about | rules |") : DOCUMENT.index("## What was measured")]

    assert set(re.findall(r"`([a-z-]+)`", table)) == {pattern.rule for pattern in ALL_PATTERNS}


def test_every_engine_is_in_the_document() -> None:
    table = DOCUMENT[DOCUMENT.index("| name | reads | how |") : DOCUMENT.index("An engine that fails")]

    assert re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE) == [
        engine.name for engine in standard_engines()
    ]


def test_number_of_languages_with_a_grammar_is_that_of_the_document() -> None:
    line = next(line for line in DOCUMENT.splitlines() if line.startswith("| `tree-sitter`"))

    assert len(line.split("|")[2].split(",")) == len(languages_with_grammar())
