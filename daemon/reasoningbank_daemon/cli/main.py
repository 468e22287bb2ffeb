"""The entry of ``reasoningbank``: finds the command, loads its module, runs it, turns errors into exit codes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from reasoningbank_daemon.cli import streams
from reasoningbank_daemon.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse

    # Not loaded for `--help`: argparse and msgspec cost more than printing this page does.
    from reasoningbank_daemon.cli.context import Context
    from reasoningbank_daemon.cli.parsing import Command


class Entry(NamedTuple):
    """Name a command: what it does in one line, the group it is shown in, and the module that has it."""

    name: str
    summary: str
    group: str
    module: str


COMMANDS = (
    Entry(
        "demo",
        "play a recorded task in a scratch bank and show what an agent would see",
        "Start here",
        "demo",
    ),
    Entry("hooks", "install, show or remove the hooks of a coding agent", "Start here", "hooks"),
    Entry("doctor", "find what is wrong and say what to do about it", "Start here", "doctor"),
    Entry("up", "start the daemon and return when it answers", "Daemon", "life"),
    Entry("down", "stop the daemon after it has stored what it has read", "Daemon", "life"),
    Entry("status", "show whether the daemon is running and what it has done", "Daemon", "status"),
    Entry("logs", "show the daemon's log", "Daemon", "logs"),
    Entry("service", "let systemd run the daemon", "Daemon", "service"),
    Entry("tasks", "show what is on record: goals, steps, decisions, outcomes, costs", "Memory", "tasks"),
    Entry("recall", "find experiences that resemble a task or a question", "Memory", "memory"),
    Entry("remember", "store a lesson in your own words", "Memory", "memory"),
    Entry("feedback", "say whether advice helped, or how a task went", "Memory", "memory"),
    Entry("verdict", "say what changes in files made worse; needs no daemon", "Quality", "verdict"),
    Entry("config", "show, check or change the configuration", "Settings", "settings"),
    Entry(
        "embedder", "choose how similar tasks are found: by words, or by meaning too", "Settings", "embedder"
    ),
    Entry("models", "show the models that can be chosen, with their prices", "Settings", "models"),
    Entry("version", "show the versions of the program, its protocol and its libraries", "Settings", "about"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    out, err = streams.writable(sys.stdout), streams.writable(sys.stderr)
    try:
        return _dispatched(arguments, out, err)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        streams.discard(out)  # the reader (head, less) has seen enough
        return ExitCode.OK
    except streams.OutputError as error:
        streams.discard(out)
        err.write(f"reasoningbank: {error}\n")
        return ExitCode.FAILED


def _dispatched(arguments: list[str], out: TextIO, err: TextIO) -> int:
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        streams.write(out, overview())
        streams.flush(out)
        return ExitCode.OK
    if arguments[0] in {"-V", "--version"}:
        arguments[0] = "version"
    entry = next((entry for entry in COMMANDS if entry.name == arguments[0]), None)
    if entry is None:
        err.write(_unknown(arguments[0]))
        return ExitCode.USAGE
    return run(entry, arguments[1:], os.environ, home=Path.home(), out=out, err=err)


def run(
    entry: Entry,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    home: Path,
    out: TextIO,
    err: TextIO,
) -> int:
    """Run one command in the given environment; a `CommandError` becomes two lines and its exit code."""
    from reasoningbank_daemon.cli.context import CommandError  # noqa: PLC0415  see the top of the file

    command, parser = load(entry)
    parsed = parser.parse_args(list(arguments))
    try:
        code = command.run(parsed, _context(environment, home=home, out=out, err=err))
        streams.flush(out)
    except CommandError as error:
        streams.flush(out)
        err.write(f"reasoningbank {entry.name}: {error}\n")
        if error.next_step:
            err.write(f"Next: {error.next_step}\n")
        return error.code
    return code


def load(entry: Entry) -> tuple[Command, argparse.ArgumentParser]:
    """Import a command's module and build its parser."""
    from reasoningbank_daemon.cli.parsing import Parser  # noqa: PLC0415  see the top of the file

    module = import_module(f"reasoningbank_daemon.cli.{entry.module}")
    command: Command = module.COMMANDS[entry.name]
    parser = Parser(f"reasoningbank {entry.name}", description=_sentence(entry.summary), text=command.text)
    command.add_arguments(parser)
    return command, parser


def overview() -> str:
    """Return the page that ``reasoningbank --help`` prints."""
    lines = [
        "ReasoningBank: a local service that makes coding agents learn from their own work.",
        "",
        "usage: reasoningbank COMMAND [ARGUMENT ...]",
    ]
    for group in dict.fromkeys(entry.group for entry in COMMANDS):
        lines += ["", group]
        lines += [f"  {entry.name:<10} {entry.summary}" for entry in COMMANDS if entry.group == group]
    lines += [
        "",
        "Every command explains itself: reasoningbank COMMAND --help",
        "First time? reasoningbank demo, then: reasoningbank hooks install claude-code",
        "",
    ]
    return "\n".join(lines)


def _context(environment: Mapping[str, str], *, home: Path, out: TextIO, err: TextIO) -> Context:
    from reasoningbank_daemon.cli.context import Context  # noqa: PLC0415  see the top of the file
    from reasoningbank_schema.paths import resolve_paths  # noqa: PLC0415

    absolute = dict(environment)
    if absolute.get("RB_HOME"):
        # The daemon that a command starts has another working directory.
        absolute["RB_HOME"] = str(Path(absolute["RB_HOME"]).absolute())
    return Context(
        environment=absolute,
        home=home,
        cwd=_working_folder(home),
        paths=resolve_paths(absolute, home=home),
        out=out,
        err=err,
        now_ns=time.time_ns,
        monotonic_s=time.monotonic,
        pause=time.sleep,
    )


def _working_folder(home: Path) -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # it was removed under our feet: no command needs it to exist
        return home


def _unknown(name: str) -> str:
    from reasoningbank_daemon.cli.nearest import nearest  # noqa: PLC0415  loaded for a mistake alone

    near = nearest(name, (entry.name for entry in COMMANDS))
    hint = f" Did you mean {near!r}?" if near else ""
    return f"reasoningbank: there is no command {name!r}.{hint}\nSee: reasoningbank --help\n"


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."


if __name__ == "__main__":
    sys.exit(main())
