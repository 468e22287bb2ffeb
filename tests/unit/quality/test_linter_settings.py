from __future__ import annotations

from pathlib import Path

from reasoningbank_daemon.quality.projects.linter_files import LinterFiles
from reasoningbank_daemon.quality.projects.linter_settings import LinterSettings, ruff_settings, with_oxlint


def test_ignored_rule_is_off_unless_a_longer_selector_names_it() -> None:
    settings = ruff_settings({"lint": {"select": ["S307"], "ignore": ["S"]}}, folder="/p")

    assert settings.switches_off("ruff", "S101", "/p/a.py")
    assert not settings.switches_off("ruff", "S307", "/p/a.py")


def test_rule_is_off_in_the_files_that_a_pattern_names_alone() -> None:
    settings = ruff_settings(
        {"lint": {"per-file-ignores": {"tests/**": ["S"], "!src/*": ["F"]}}}, folder="/p"
    )

    assert settings.switches_off("ruff", "S101", "/p/tests/unit/a.py")
    assert not settings.switches_off("ruff", "S101", "/p/src/a.py")
    assert settings.switches_off("ruff", "F401", "/p/other/a.py")
    assert not settings.switches_off("ruff", "F401", "/p/src/a.py")


def test_oxlint_settings_with_comments_and_trailing_commas_are_read() -> None:
    text = '{// why\n"rules": {"eslint/no-eval": "off", "eqeqeq": ["error", "smart"],},}'

    settings = with_oxlint(LinterSettings(), text, folder="/p")

    assert settings.switches_off("oxlint", "no-eval", "/p/a.js")
    assert not settings.switches_off("oxlint", "eqeqeq", "/p/a.js")


def test_nearest_file_with_ruff_settings_decides_and_extends_another(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "ruff.toml").write_text('[lint]\nignore = ["S1"]\n')
    (inner / "pyproject.toml").write_text(
        '[tool.ruff]\nextend = "../ruff.toml"\n[tool.ruff.lint]\nextend-ignore = ["B"]\n'
    )
    files = LinterFiles()

    settings = files.settings_for(str(inner / "a.py"))

    assert settings.switches_off("ruff", "B008", str(inner / "a.py"))
    assert settings.switches_off("ruff", "S101", str(inner / "a.py"))
    assert not files.settings_for(str(tmp_path / "a.py")).switches_off("ruff", "B008", str(tmp_path / "a.py"))


def test_file_that_is_not_toml_switches_nothing_off(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "ruff.toml").write_text("[lint")

    assert LinterFiles().settings_for(str(tmp_path / "a.py")) == LinterSettings()
