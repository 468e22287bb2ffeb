"""``reasoningbank status``: whether the daemon runs and what it has done; it never starts one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import msgspec

from reasoningbank_daemon.cli import asking, wording
from reasoningbank_daemon.cli.context import Context
from reasoningbank_daemon.cli.daemon_process import lock_holder
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command
from reasoningbank_schema.messages import DaemonStatus
from reasoningbank_schema.spool import SpoolError, list_entries


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``status``."""
    parser.add_argument("--json", action="store_true", help="write JSON")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Show the state; the exit code tells it too."""
    found = asking.daemon_status(context)
    if found is not None:
        if arguments.json:
            context.say_json({"running": True, "answers": True, **msgspec.to_builtins(found)})
        else:
            for line in describe(found):
                context.say(line)
        return ExitCode.OK
    holder = lock_holder(context.paths.lock)
    waiting = _spooled(context)
    code = ExitCode.NOT_RUNNING if holder is None else ExitCode.NO_ANSWER
    if arguments.json:
        context.say_json(
            {
                "running": holder is not None,
                "answers": False,
                "pid": holder,
                "bank": str(context.paths.bank),
                "spooled": waiting,
            }
        )
        return code
    if holder is None:
        context.say("The daemon is not running. Start it: reasoningbank up")
    else:
        context.say(
            f"A daemon is running (pid {holder}) but does not answer. See: reasoningbank logs; "
            "end it: reasoningbank down --force"
        )
    context.say(
        f"  bank       {context.paths.bank}{'' if context.paths.bank.exists() else ' (not created yet)'}"
    )
    spool = "can't be read" if waiting is None else f"{waiting} waiting to be stored"
    context.say(f"  spool      {spool}")
    return code


def describe(status: DaemonStatus) -> Iterator[str]:
    """Yield the lines that show a running daemon's state to a person."""
    yield (
        f"ReasoningBank {status.version} is {status.state} (pid {status.pid}), "
        f"for {wording.duration(status.uptime_s)}."
    )
    yield f"  bank       {status.bank}"
    yield f"  on record  {wording.count(status.tasks, 'task')}, {wording.count(status.experiences, 'experience')}"
    yield (
        f"  requests   {status.requests:,}: {status.stored:,} stored, {status.rejected:,} rejected, "
        f"{status.malformed:,} malformed, {status.busy:,} busy, {status.late:,} late, {status.unsent:,} unsent"
    )
    yield f"  spool      {status.spooled} waiting, {status.spool_dropped} dropped for room"
    waiting = f", {status.vectors_waiting:,} waiting for one" if status.vectors_waiting else ""
    yield (
        f"  embedder   {status.embedder} ({wording.count(status.lexical_documents, 'document')} by words, "
        f"{status.vector_documents:,} by vectors{waiting})"
    )
    threshold = "none yet" if status.threshold is None else f"{status.threshold:.3f}"
    yield f"  threshold  {threshold} ({status.threshold_basis})"
    yield f"  memory     {wording.size(status.rss_bytes)}, without its {wording.count(status.children, 'child process', 'child processes')}"
    for warning in status.warnings:
        yield f"  warning    {warning}"


def _spooled(context: Context) -> int | None:
    try:
        return len(list_entries(str(context.paths.spool)))
    except (SpoolError, OSError):
        return None


COMMANDS = {"status": Command(add_arguments, run)}
