"""Argument parsers that fail with our exit code and print the same help on every Python."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from reasoningbank_daemon.cli.context import Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.nearest import nearest

HELP_WIDTH = 80

_UNRECOGNIZED = "unrecognized arguments: "
_REQUIRED = "the following arguments are required: "
_EXPECTED_ONE = ": expected one argument"

LARGEST = 2**63 - 1
"""The largest number that the bank can hold."""


class Command(NamedTuple):
    """Hold what one command is made of: its arguments and what it does.

    ``text`` names the argument that holds several words, for whoever forgets its quotes.
    """

    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Context], int]
    text: str = ""


def whole_number(lowest: int, highest: int = LARGEST) -> Callable[[str], int]:
    """Return what reads an argument that is a whole number between two bounds, both included."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = lowest - 1
        if not lowest <= value <= highest:
            upwards = "up" if highest == LARGEST else f"to {highest}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {lowest} {upwards}")
        return value

    return read


def seconds(text: str) -> float:
    """Read an argument that is a number of seconds, 0 or more."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Format help in one width, and options as Python 3.13 does: ``-n, --lines N``."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=HELP_WIDTH, max_help_position=32)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"


class Parser(argparse.ArgumentParser):
    """Parse one command's arguments; a mistake ends with `ExitCode.USAGE` and names the help to read."""

    def __init__(
        self, prog: str, *, description: str = "", epilog: str | None = None, text: str = ""
    ) -> None:
        self._text = text
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=Formatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and what would be right, and leave."""
        unknown = message.removeprefix(_UNRECOGNIZED)
        if unknown != message and unknown.startswith("-"):
            message += self._options_like(unknown.split()[0])
        elif unknown != message and self._text:
            message += f"; put {self._text} in quotes"
        elif message.startswith(_REQUIRED):
            message += "".join(map(_explained, self._named_in(message.removeprefix(_REQUIRED))))
        elif message.endswith(_EXPECTED_ONE):
            message += "".join(map(_explained, self._named_in(message.removesuffix(_EXPECTED_ONE))))
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}\nSee: {self.prog} --help\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Say of a word that is not among the choices what it may be, in the words in which `error` says it."""
        if action.choices is not None and value not in action.choices:
            near = nearest(str(value), map(str, action.choices))
            hint = f"; did you mean {near}?" if near else _explained(action)
            raise argparse.ArgumentError(action, f"there is no {value!r}{hint}")

    def options(self) -> list[str]:
        """Return the options of this command and of its actions."""
        found = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
        for action in self._actions:
            for each in action.choices.values() if isinstance(action.choices, dict) else ():
                found += each.options() if isinstance(each, Parser) else []
        return list(dict.fromkeys(found))

    def _options_like(self, unknown: str) -> str:
        options = self.options()
        near = nearest(unknown.partition("=")[0], options)
        return f"; did you mean {near}?" if near else f"; the options are {', '.join(options)}"

    def _named_in(self, names: str) -> list[argparse.Action]:
        wanted = set(names.removeprefix("argument ").replace("/", ", ").split(", "))
        return [each for each in self._actions if wanted & {*each.option_strings, each.dest, each.metavar}]


def _explained(action: argparse.Action) -> str:
    """Return what may stand for an argument."""
    if action.choices is not None:
        return f"; {action.metavar or action.dest} is one of: {', '.join(map(str, action.choices))}"
    return f"; {action.metavar or action.dest} is {action.help}" if action.help else ""
