from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.engines.data_files import DataFilesEngine
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.projects.known_names import engine_names, fault_in_rule, rule_names
from reasoningbank_daemon.quality.reviewer import second_engines, standard_engines


def test_each_engine_may_be_named() -> None:
    engines = (*standard_engines(), *second_engines())

    assert {each.name for each in engines} == engine_names()
    for each in engines:
        each.close()


@pytest.mark.parametrize(
    "rule",
    ["elided-code", "no-undef", "missing-argument", "callers-do-not-fit", "syntax-error", "invalid-syntax",
     "js-syntax", "ignore-without-reason", "undone-edit"],
)  # fmt: skip
def test_rule_of_any_engine_may_be_named(rule: str) -> None:
    assert rule in rule_names()


@pytest.mark.parametrize(
    ("language", "text"), [(Language.JSON, "{"), (Language.TOML, "["), (Language.YAML, "a: b: c")]
)
def test_errors_of_data_files_may_be_named(language: Language, text: str) -> None:
    [issue] = DataFilesEngine().analyse(Document(path="a", language=language, text=text), 0.0)

    assert issue.rule in rule_names()


def test_where_one_rule_is_meant_a_beginning_is_none() -> None:
    assert fault_in_rule("S307", rule_names(), beginnings=False) == ""
    assert fault_in_rule("S*", rule_names(), beginnings=False) == "no rule is called 'S*'"
    assert "Did you mean 'elided-code'?" in fault_in_rule("elided-cod", rule_names(), beginnings=False)
