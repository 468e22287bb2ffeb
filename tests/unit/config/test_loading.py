from __future__ import annotations

import re
from pathlib import Path

import pytest

import reasoningbank_daemon.config as config_package
from reasoningbank_daemon.config import (
    Config,
    ConfigError,
    EmbedderName,
    EngineName,
    config_hash,
    load_config,
    parse_config,
    restart_keys,
)
from reasoningbank_daemon.config.keys import list_keys
from reasoningbank_daemon.quality.reviewer import second_engines, standard_engines


def test_missing_file_means_the_defaults(tmp_path: Path) -> None:
    config = load_config(tmp_path / "nowhere" / "config.toml")

    assert config == Config()


def test_given_keys_replace_defaults_and_leave_the_others() -> None:
    config = parse_config('[recall]\nembedder = "minilm"\n')

    assert config.recall.embedder is EmbedderName.MINILM
    assert config.recall.max_chars == Config().recall.max_chars


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[recall]\nmax_chars = 9", "recall.max_chars is 9; allowed: a whole number from 200 to 1500"),
        ('[recall]\nmax_chars = "1"', 'recall.max_chars is "1"; allowed: a whole number from 200 to 1500'),
        ("[tasks]\nidle_minutes = 0", "tasks.idle_minutes is 0; allowed: a number above 0 to 10080"),
        ("[tasks]\nidle_minutes = nan", "tasks.idle_minutes is "),
        (
            '[recall]\nembedder = "bert"',
            'recall.embedder is "bert"; allowed: "lexical" or "minilm"',
        ),
        ("[quality]\nengines_off = [1]", 'quality.engines_off[0] is 1; allowed: "ruff" or "tree-sitter" or '),
        (
            '[quality]\nengines_off = ["ty", "rufff"]',
            'quality.engines_off[1] is "rufff"; allowed: "ruff" or "tree-sitter" or "oxlint" or "data-files"',
        ),
        ("[quality]\nenabled = 1", "quality.enabled is 1; allowed: true or false"),
        ("[recal]\nmax_chars = 300", "the file has no section 'recal'; it may have: daemon, recall, quality"),
        ("[recal]\nmax_chars = 300", "Did you mean 'recall'?"),
        ("[recall]\nmax_char = 300", "[recall] has no key 'max_char'; it may have: embedder,"),
        ("[recall]\nmax_char = 300", "Did you mean 'max_chars'?"),
        ("recall = 1", "recall is 1; allowed: a table with the keys embedder,"),
        ('[[models]]\nhost = "x"', "models[0] has no key 'name': add it"),
        ('[[models]]\nname = "x"\ninput = -1', "models[0].input is -1; allowed: a number from 0 to 10000"),
        (
            '[[models]]\nname = "x"',
            "model 'x' is not one of the defaults and lacks: host, tier, input, output",
        ),
        (
            '[selection]\ndefault_model = "gpt-1"',
            'selection.default_model is "gpt-1"; allowed: a model of the list',
        ),
        ("[recall", "is not TOML: "),
    ],
)
def test_mistake_is_named_by_key_found_value_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        parse_config(text)


def test_deeply_nested_file_is_refused_and_not_a_crash() -> None:
    with pytest.raises(ConfigError, match="is not TOML"):
        parse_config("a = " + "[" * 100_000)


def test_file_that_is_not_text_is_named_with_its_first_bad_byte(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"# caf\xe9\n")

    with pytest.raises(ConfigError, match="not UTF-8: byte 5 is 0xe9"):
        load_config(file)


def test_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        load_config(tmp_path)


def test_file_without_end_is_not_read_whole() -> None:
    with pytest.raises(ConfigError, match="more than 1048576 bytes"):
        load_config(Path("/dev/zero"))


def test_hash_tells_configurations_apart_and_not_files() -> None:
    written = parse_config("# a comment\n[tasks]\nidle_minutes = 30")
    other = parse_config("[tasks]\nidle_minutes = 31")

    assert config_hash(written) == config_hash(Config())
    assert config_hash(other) != config_hash(Config())


def test_restart_keys_name_only_what_a_running_daemon_can_not_take_over() -> None:
    new = parse_config('[daemon]\nworkers_other = 5\nlog_level = "debug"')

    assert restart_keys(Config(), new) == ("daemon.workers_other",)


def test_every_key_says_what_it_means_and_what_is_allowed() -> None:
    keys = list_keys(Config)

    assert len(keys) > 15
    assert [key.path for key in keys if not key.meaning or not key.allowed] == []


def test_every_key_is_read_by_the_program() -> None:
    package = Path(config_package.__file__).parent.parent
    sources = [
        file.read_text(encoding="utf-8")
        for file in package.rglob("*.py")
        if file.relative_to(package).parts[0] not in {"config", "cli"}
    ]

    unread = [
        key.path
        for key in list_keys(Config)
        if not any(re.search(rf"\.{key.path.split('.')[1]}\b", source) for source in sources)
    ]

    assert unread == []


def test_engines_that_can_be_switched_off_are_those_that_there_are() -> None:
    engines = (*standard_engines(), *second_engines())

    assert [name.value for name in EngineName] == [engine.name for engine in engines]
