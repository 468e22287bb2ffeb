from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reasoningbank_daemon.quality.engine import (
    Document,
    EngineError,
    EngineUnavailableError,
    RawIssue,
    TextRefusedError,
)
from reasoningbank_daemon.quality.engines.ruff_engine import MAX_TEXT_CHARACTERS, RuffEngine
from reasoningbank_daemon.quality.engines.ruff_rules import RULES
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity


@pytest.fixture(scope="module")
def engine() -> Iterator[RuffEngine]:
    ruff = RuffEngine()
    yield ruff
    ruff.close()


def analyse(engine: RuffEngine, text: str, path: str = "src/app.py") -> tuple[RawIssue, ...]:
    return engine.analyse(Document(path=path, language=Language.PYTHON, text=text), time.monotonic() + 60)


def rules(issues: tuple[RawIssue, ...]) -> list[str]:
    return sorted(issue.rule for issue in issues)


def test_running_a_string_is_found_with_what_helps(engine: RuffEngine) -> None:
    (found,) = analyse(engine, "def f(x):\n    return eval(x)\n")

    assert (found.line, found.column, found.rule) == (2, 12, "S307")
    assert (found.category, found.severity) == (Category.SECURITY, Severity.WARNING)
    assert "ast.literal_eval" in found.suggestion


def test_column_counts_characters(engine: RuffEngine) -> None:
    (found,) = analyse(engine, "x = '𝒳é', eval(input())\n")

    assert found.column == 11


def test_unused_import_is_a_note(engine: RuffEngine) -> None:
    (found,) = analyse(engine, "import os\n")

    assert (found.rule, found.severity) == ("F401", Severity.NOTE)


def test_syntax_error_is_one(engine: RuffEngine) -> None:
    found = analyse(engine, "def f(:\n    pass\n")

    assert {(each.category, each.severity) for each in found} == {(Category.SYNTAX, Severity.ERROR)}


def test_syntax_of_a_newer_python_is_no_error(engine: RuffEngine) -> None:
    assert analyse(engine, "try:\n    print()\nexcept ValueError, KeyError:\n    print()\n") == ()


@pytest.mark.parametrize("path", ["build/lib/a.py", ".venv/x/a.py", "a b/ü%?#.py", "script", "\udcff.py"])
def test_where_a_file_lies_changes_nothing(engine: RuffEngine, path: str) -> None:
    assert rules(analyse(engine, "x = eval(input())\n", path)) == ["S307"]


def test_configuration_of_user_and_project_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, tmp_path / "ruff"):
        folder.mkdir(exist_ok=True)
        (folder / "ruff.toml").write_text('[lint]\nselect = ["W"]\nignore = ["S307"]\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    engine = RuffEngine(environment={"XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)})

    try:
        found = analyse(engine, "x = eval(input()) \n", str(tmp_path / "a.py"))
    finally:
        engine.close()

    assert rules(found) == ["S307"]


def test_rule_that_this_ruff_does_not_know_is_left_out() -> None:
    engine = RuffEngine(rules=(*RULES, "QQQ123", "ZZZ9"))

    try:
        found = analyse(engine, "x = eval(input())\n")
    finally:
        engine.close()

    assert rules(found) == ["S307"]


def test_server_that_answers_with_other_rules_is_not_believed() -> None:
    engine = RuffEngine(rules=("W",))

    try:
        with pytest.raises(EngineUnavailableError, match="does not apply the rules"):
            analyse(engine, "x = eval(input())\n")
    finally:
        engine.close()


def test_missing_program_is_named_with_the_way_to_get_it() -> None:
    def nowhere() -> str:
        raise FileNotFoundError("no such binary")

    engine = RuffEngine(find_binary=nowhere)

    with pytest.raises(EngineUnavailableError, match="pip install ruff"):
        analyse(engine, "x = 1\n")
    engine.close()


def test_program_that_is_no_ruff_is_unavailable() -> None:
    engine = RuffEngine(find_binary=lambda: "/bin/true")

    with pytest.raises(EngineUnavailableError, match="ended while starting"):
        analyse(engine, "x = 1\n")
    engine.close()


def test_text_beyond_the_bound_is_refused(engine: RuffEngine) -> None:
    with pytest.raises(TextRefusedError):
        analyse(engine, " " * (MAX_TEXT_CHARACTERS + 1))


def test_server_killed_between_questions_is_replaced() -> None:
    engine = RuffEngine()
    try:
        analyse(engine, "x = 1\n")
        assert engine.pid is not None
        killed = os.pidfd_open(engine.pid)
        signal.pidfd_send_signal(killed, signal.SIGKILL)

        found: tuple[RawIssue, ...] = ()
        while not found:
            try:
                found = analyse(engine, "x = eval(input())\n")
            except EngineError:  # the one question that met the death
                continue

        assert rules(found) == ["S307"]
    finally:
        engine.close()
        os.close(killed)
