"""What a command may know of the world, handed in by `main`, and how it says that it failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from reasoningbank_daemon.cli import streams
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_schema.paths import Paths


class CommandError(Exception):
    """A command can't do what it was asked to.

    ``message`` says what happened and why, ``next_step`` what to type (or do) next.
    """

    def __init__(self, message: str, *, code: ExitCode = ExitCode.FAILED, next_step: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.next_step = next_step


class Context(NamedTuple):
    """Hold the environment of one command: where files are, where text goes, and both clocks."""

    environment: Mapping[str, str]
    home: Path
    cwd: Path
    paths: Paths
    out: TextIO
    err: TextIO
    now_ns: Callable[[], int]
    monotonic_s: Callable[[], float]
    pause: Callable[[float], None]

    def say(self, line: str = "") -> None:
        """Write a line for a person."""
        streams.write(self.out, line + "\n")

    def warn(self, line: str) -> None:
        """Write a line beside the result, where it does not spoil what another program reads."""
        self.err.write(line + "\n")

    def say_json(self, value: object) -> None:
        """Write a value as one JSON document."""
        escaped = not streams.has_all_characters(self.out)
        streams.write(self.out, json.dumps(value, indent=2, ensure_ascii=escaped) + "\n")
