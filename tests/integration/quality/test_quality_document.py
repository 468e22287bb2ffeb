from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # the package ships no types

from reasoningbank_daemon.cli.parsing import Parser
from reasoningbank_daemon.cli.verdict import add_verdict_arguments
from reasoningbank_daemon.quality.engines.grammars import languages_with_grammar
from reasoningbank_daemon.quality.patterns.catalogue import rule_modules
from reasoningbank_daemon.quality.projects.known_names import rule_names
from reasoningbank_daemon.quality.projects.project_config import parse_project_config
from reasoningbank_daemon.quality.reviewer import standard_engines
from reasoningbank_daemon.quality.rule_pages import rule_pages

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")


def test_example_prints_what_the_document_shows() -> None:
    example, shown = re.findall(r"```(?:python)?\n(.*?)```", DOCUMENT, re.DOTALL)[:2]

    printed = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, check=True, timeout=120
    ).stdout

    assert shown in printed


def test_pages_of_the_rules_are_current() -> None:
    folder = ROOT / "docs" / "rules"

    written = {page.name: page.read_text(encoding="utf-8") for page in folder.iterdir()}

    assert written == rule_pages(rule_modules()), "stale: run `make docs`"


def test_every_engine_is_in_the_document() -> None:
    table = DOCUMENT[DOCUMENT.index("| name | reads | how |") : DOCUMENT.index("An engine that fails")]

    assert re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE) == [
        engine.name for engine in standard_engines()
    ]


def test_number_of_languages_with_a_grammar_is_that_of_the_document() -> None:
    line = next(line for line in DOCUMENT.splitlines() if line.startswith("| `tree-sitter`"))

    assert len(line.split("|")[2].split(",")) == len(languages_with_grammar())


def test_example_of_a_projects_file_is_one_that_is_accepted() -> None:
    example = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[0]

    table = parse_project_config(example, source="the document", rules=rule_names()).quality

    assert (table.engines_off, table.thresholds.told) == (("oxlint",), 3)


def test_commands_of_the_pre_commit_hooks_are_ones_that_we_have() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    words = [hook["entry"].split() for hook in hooks]

    parser = Parser("reasoningbank verdict")
    add_verdict_arguments(parser)
    assert [each[:2] for each in words] == [["reasoningbank", "verdict"]] * 2
    assert all(parser.parse_args([*each[2:], "a.py"]).staged for each in words)
