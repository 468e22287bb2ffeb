"""Whoever leaves a word out, or misspells one, reads which words there are."""

from __future__ import annotations

import pytest

from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.main import COMMANDS, load
from reasoningbank_daemon.cli.parsing import Parser


def parsers() -> dict[str, Parser]:
    """Return the parser of each command and of each of its actions, by what a person types."""
    found: dict[str, Parser] = {}
    for entry in COMMANDS:
        parser = load(entry)[1]
        assert isinstance(parser, Parser)
        found[entry.name] = parser
        for action in parser._actions:
            if isinstance(action.choices, dict):
                found |= {f"{entry.name} {name}": each for name, each in action.choices.items()}
    return found


PARSERS = parsers()
CHOOSING = [
    (name, action.metavar or action.dest, tuple(map(str, action.choices)), bool(action.option_strings))
    for name, parser in PARSERS.items()
    for action in parser._actions
    if action.choices is not None
]


def said(capsys: pytest.CaptureFixture[str], name: str, *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        PARSERS[name].parse_args(list(arguments))
    assert left.value.code == ExitCode.USAGE
    return capsys.readouterr().err


@pytest.mark.parametrize(("name", "word", "choices"), [each[:3] for each in CHOOSING if not each[3]])
def test_word_that_is_missing_is_named_with_what_it_may_be(
    capsys: pytest.CaptureFixture[str], name: str, word: str, choices: tuple[str, ...]
) -> None:
    assert f"{word} is one of: {', '.join(choices)}\n" in said(capsys, name)


@pytest.mark.parametrize(("name", "word", "choices"), [each[:3] for each in CHOOSING if not each[3]])
def test_word_that_is_misspelt_is_answered_with_what_it_may_be(
    capsys: pytest.CaptureFixture[str], name: str, word: str, choices: tuple[str, ...]
) -> None:
    message = said(capsys, name, "no-such-word")

    assert word in message
    assert all(choice in message for choice in choices)


@pytest.mark.parametrize(("name", "word", "choices"), [each[:3] for each in CHOOSING if not each[3]])
def test_word_with_one_letter_too_many_is_answered_with_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str], name: str, word: str, choices: tuple[str, ...]
) -> None:
    for choice in choices:
        assert f"argument {word}: there is no '{choice}x'; did you mean {choice}?\n" in said(
            capsys, name, f"{choice}x"
        )


@pytest.mark.parametrize("name", list(PARSERS))
def test_option_that_is_misspelt_is_answered_with_the_nearest_or_all(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for option in PARSERS[name].options():
        with pytest.raises(SystemExit):
            PARSERS[name].error(f"unrecognized arguments: {option}x")

        assert f"did you mean {option}?" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        PARSERS[name].error("unrecognized arguments: --qqqqqqqq")

    assert f"the options are {', '.join(PARSERS[name].options())}\n" in capsys.readouterr().err


def test_option_without_its_value_is_answered_with_what_it_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert "WHAT is one of: worse, broken, security, nothing\n" in said(capsys, "verdict", "--fail-on")
    assert "N is how many experiences (5)\n" in said(capsys, "recall", "a", "-n")


def test_argument_without_choices_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert "HOST is the agent: claude-code\n" in said(capsys, "hooks install")
