"""``reasoningbank up`` and ``down``: start the daemon in the background, stop it again."""

from __future__ import annotations

import argparse
import subprocess

from reasoningbank_daemon.cli import asking
from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.daemon_process import (
    is_locked,
    kill_holder,
    lock_holder,
    start_detached,
    start_turn,
    startup_output,
)
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command, seconds
from reasoningbank_daemon.services.folders import UnsafeFolderError, prepare_folders

POLL_S = 0.05
_PASSED_ON = (ExitCode.CANNOT_CREATE, ExitCode.BANK_UNUSABLE, ExitCode.BAD_CONFIGURATION)
"""Codes of a daemon that did not start, with which ``up`` ends as well: what is wrong is the user's to mend."""


def add_up_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``up``."""
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long to wait for its answer (60)",
    )


def run_up(arguments: argparse.Namespace, context: Context) -> int:
    """Start the daemon unless it answers, and return when it does.

    Of many that are called at once one starts a daemon; the others wait for the same answer.
    """
    end_s = context.monotonic_s() + arguments.timeout
    if pid := asking.answering_pid(context):
        context.say(f"The daemon is already running (pid {pid}).")
        return ExitCode.OK
    try:
        prepare_folders(context.paths)
    except UnsafeFolderError as error:
        raise CommandError(str(error), code=ExitCode.CANNOT_CREATE) from error
    while context.monotonic_s() < end_s:
        with start_turn(context.paths) as ours:
            pid = asking.answering_pid(context)
            if pid is None and ours:
                pid = _start(context, end_s)
        if pid is not None:
            context.say(f"The daemon is running (pid {pid}).")
            return ExitCode.OK
        context.pause(POLL_S)
    raise _no_answer(context, arguments.timeout)


def add_down_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``down``."""
    parser.add_argument(
        "--timeout", type=seconds, default=30.0, metavar="SECONDS", help="how long to wait for it to end (30)"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="kill it (SIGKILL) if it has not ended by then; all that it acknowledged is on disk",
    )


def run_down(arguments: argparse.Namespace, context: Context) -> int:
    """Ask the daemon to stop and return when its lock is free."""
    lock = context.paths.lock
    if not is_locked(lock):
        context.say("The daemon is not running.")
        return ExitCode.OK
    asked = asking.ask_to_stop(context)
    end_s = context.monotonic_s() + (arguments.timeout if asked else min(arguments.timeout, 2.0))
    if _wait_until_free(context, end_s):
        context.say("The daemon has stopped.")
        return ExitCode.OK
    holder = lock_holder(lock)
    what = f"the daemon{f' (pid {holder})' if holder else ''}"
    if not arguments.force:
        happened = "was asked to stop and still runs" if asked else "does not answer"
        raise CommandError(
            f"{what} {happened}", code=ExitCode.NO_ANSWER, next_step="reasoningbank down --force"
        )
    killed = kill_holder(lock)
    if not _wait_until_free(context, context.monotonic_s() + 10):
        raise CommandError(f"{what} could not be killed; it still holds {lock}", code=ExitCode.FAILED)
    context.say(f"The daemon was killed (pid {killed})." if killed else "The daemon has stopped.")
    return ExitCode.OK


def _start(context: Context, end_s: float) -> int | None:
    """Start one and wait for it; None when another one turned out to run, or the time is over."""
    process = start_detached(context.paths, context.environment)
    while context.monotonic_s() < end_s:
        if pid := asking.answering_pid(context):
            return pid
        code = process.poll()
        if code == ExitCode.ANOTHER_RUNS:
            return None
        if code is not None:
            raise _ended(context, process, code)
        context.pause(POLL_S)
    return None


def _ended(context: Context, process: subprocess.Popen[bytes], code: int) -> CommandError:
    said = startup_output(context.paths)
    reason = f":\n{said}" if said else f" and said nothing (pid {process.pid})"
    return CommandError(
        f"the daemon ended at once with exit code {code}{reason}",
        code=ExitCode(code) if code in _PASSED_ON else ExitCode.FAILED,
        next_step="reasoningbank doctor",
    )


def _no_answer(context: Context, timeout_s: float) -> CommandError:
    holder = lock_holder(context.paths.lock)
    if holder is None:
        return CommandError(
            f"no daemon answered within {timeout_s:g} s",
            code=ExitCode.NO_ANSWER,
            next_step="reasoningbank logs, then: reasoningbank doctor",
        )
    return CommandError(
        f"a daemon is running (pid {holder}) but did not answer within {timeout_s:g} s",
        code=ExitCode.NO_ANSWER,
        next_step="reasoningbank logs, then: reasoningbank down --force && reasoningbank up",
    )


def _wait_until_free(context: Context, end_s: float) -> bool:
    while is_locked(context.paths.lock):
        if context.monotonic_s() >= end_s:
            return False
        context.pause(POLL_S)
    return True


COMMANDS = {
    "up": Command(add_up_arguments, run_up),
    "down": Command(add_down_arguments, run_down),
}
