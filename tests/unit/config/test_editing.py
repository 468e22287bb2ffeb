from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.config import ConfigError, load_config
from reasoningbank_daemon.config.editing import change_key, edit_text

WRITTEN = """\
# mine
[recall]   # what is told
max_chars = 900  # "short" is best # measured
embedder = "lexical"

[quality]
engines_off = [
    "oxlint",  # no node here
]
enabled = true
"""


def test_value_is_replaced_and_comments_stay() -> None:
    edited = edit_text(WRITTEN, "recall.max_chars", 800, source="config")

    assert edited == WRITTEN.replace("max_chars = 900  #", "max_chars = 800  #")


def test_hash_sign_inside_the_old_text_is_no_comment() -> None:
    text = '[recall]\nweights = "/a#b" # here\n'

    edited = edit_text(text, "recall.weights", "/c#d", source="config")

    assert edited == '[recall]\nweights = "/c#d" # here\n'


def test_list_over_several_lines_is_replaced_whole() -> None:
    edited = edit_text(WRITTEN, "quality.engines_off", ["ruff"], source="config")

    assert tomllib.loads(edited)["quality"] == {"engines_off": ["ruff"], "enabled": True}


def test_new_key_goes_to_the_end_of_its_section() -> None:
    edited = edit_text(WRITTEN, "recall.other", 900, source="config")

    assert 'embedder = "lexical"\nother = 900\n\n[quality]' in edited


def test_new_section_goes_to_the_end_of_the_file() -> None:
    edited = edit_text("[recall]\nmax_chars = 1", "tasks.idle_minutes", 10.5, source="config")

    assert edited == "[recall]\nmax_chars = 1\n\n[tasks]\nidle_minutes = 10.5\n"


@pytest.mark.parametrize(
    "text",
    [
        "recall.max_chars = 1\n",
        "recall = {max_chars = 1}\n",
        'x = """\n[recall]\nmax_chars = 1\n"""\n[recall]\nmax_chars = 3',
    ],
    ids=["dotted", "inline table", "look-alike inside a text"],
)
def test_form_that_is_not_edited_is_refused_and_says_what_to_write(text: str) -> None:
    with pytest.raises(ConfigError, match=r"set recall\.max_chars = 2"):
        edit_text(text, "recall.max_chars", 2, source="config")


@given(value=st.text(alphabet=st.characters(exclude_categories=["Cs"])), other=st.text(max_size=5))
def test_any_text_survives_being_written(value: str, other: str) -> None:
    start = edit_text("", "recall.weights", other, source="config")

    edited = edit_text(start, "recall.weights", value, source="config")

    assert tomllib.loads(edited)["recall"]["weights"] == value


def test_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "config.toml"

    change_key(file, "recall.embedder", "minilm")

    assert load_config(file).recall.embedder == "minilm"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_link_to_a_dotfiles_folder_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("[tasks]\nidle_minutes = 5\n", encoding="utf-8")
    real.chmod(0o644)
    link = tmp_path / "config.toml"
    link.symlink_to(real)

    change_key(link, "tasks.idle_minutes", "7")

    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "[tasks]\nidle_minutes = 7\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("recall.embeder", "minilm", "there is no key 'recall.embeder'"),
        ("recall.embedder", "bert", 'allowed: "lexical" or "minilm"'),
        (
            "recall.max_chars",
            "many",
            "recall.max_chars can't be 'many'; allowed: a whole number from 200 to 1500",
        ),
        ("recall.max_chars", "7", "recall.max_chars is 7"),
    ],
)
def test_refused_change_leaves_the_file_as_it_was(tmp_path: Path, key: str, text: str, message: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(WRITTEN, encoding="utf-8")

    with pytest.raises(ConfigError, match=message):
        change_key(file, key, text)

    assert file.read_text(encoding="utf-8") == WRITTEN
    assert [found.name for found in tmp_path.iterdir()] == ["config.toml"]


def test_file_that_is_already_wrong_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[recall]\nmax_chars = 77\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"recall\.max_chars is 77"):
        change_key(file, "tasks.idle_minutes", "7")

    assert file.read_text(encoding="utf-8") == "[recall]\nmax_chars = 77\n"
