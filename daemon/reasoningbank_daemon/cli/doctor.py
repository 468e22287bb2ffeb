"""``reasoningbank doctor``: find what is wrong and say what to do about it; it changes nothing."""

from __future__ import annotations

import argparse

import msgspec

from reasoningbank_daemon.cli import wording
from reasoningbank_daemon.cli.about import library_versions
from reasoningbank_daemon.cli.checks import run_checks
from reasoningbank_daemon.cli.context import Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.finding import Mark
from reasoningbank_daemon.cli.parsing import Command

_SIGNS = {Mark.OK: "ok     ", Mark.WARNING: "warning", Mark.ERROR: "ERROR  "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``doctor``."""
    parser.add_argument(
        "--deep",
        action="store_true",
        help="read every page of the bank and every index (a second per 100 MB)",
    )
    parser.add_argument("--json", action="store_true", help="write JSON, with the versions of libraries")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Show what was found; errors make the command fail."""
    checks = tuple(run_checks(context, deep=arguments.deep))
    errors = sum(check.mark is Mark.ERROR for check in checks)
    warnings = sum(check.mark is Mark.WARNING for check in checks)
    code = ExitCode.FAILED if errors else ExitCode.OK
    if arguments.json:
        context.say_json({"checks": msgspec.to_builtins(checks), "libraries": library_versions()})
        return code
    for check in checks:
        context.say(f"{_SIGNS[check.mark]}  {check.about:<14} {check.message}")
        if check.next_step:
            context.say(f"{'':<24} next: {check.next_step}")
    context.say()
    context.say(f"{wording.count(errors, 'error')}, {wording.count(warnings, 'warning')}.")
    return code


COMMANDS = {"doctor": Command(add_arguments, run)}
