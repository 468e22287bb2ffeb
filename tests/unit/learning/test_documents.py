from __future__ import annotations

import doctest
import json
import re
from pathlib import Path

import pytest

from reasoningbank_daemon.learning import checks, outcome
from reasoningbank_daemon.learning.trajectory import EvidenceKind

ROOT = Path(__file__).parents[3]
LEARNING = ROOT / "daemon" / "reasoningbank_daemon" / "learning"
MODULES = sorted(path.stem for path in LEARNING.glob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["outcomes.md", "selection.md"])
def test_the_examples_in_the_documents_run_as_written(name: str) -> None:
    result = doctest.testfile(str(ROOT / "docs" / name), module_relative=False)

    assert result.attempted > 3
    assert result.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_modules_run_as_written(name: str) -> None:
    module = __import__(f"reasoningbank_daemon.learning.{name}", fromlist=[name])

    result = doctest.testmod(module)

    assert result.attempted > 0
    assert result.failed == 0


def test_the_documented_weights_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "outcomes.md").read_text(encoding="utf-8")

    documented = {
        kind: float(weight) for kind, weight in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", text, re.MULTILINE)
    }

    assert documented == {kind.value: outcome.WEIGHTS[kind] for kind in EvidenceKind}


def test_the_documented_values_of_checks_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "outcomes.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (passed|failed) \| (.+) \|$", text, re.MULTILINE))

    values = {row: [float(cell) for cell in cells.split("|")] for row, cells in rows.items()}

    assert values["passed"] == [outcome._PASSED[kind] for kind in checks.CheckKind]
    assert values["failed"] == [outcome._FAILED[kind] for kind in checks.CheckKind]


def test_the_documented_number_of_labelled_prompts_is_that_of_the_fixture() -> None:
    text = (ROOT / "docs" / "decisions" / "0006-task-joining.md").read_text(encoding="utf-8")
    pairs = (ROOT / "tests" / "fixtures" / "goals.jsonl").read_text(encoding="utf-8").splitlines()
    tuned = sum(json.loads(pair)["split"] == "tuned" for pair in pairs)

    assert f"({tuned} pairs, now 97 %)" in text
    assert f"63 of {len(pairs) - tuned}" in text
