"""``reasoningbank embedder``: what finds similar tasks, words alone or words and meaning."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from reasoningbank_daemon.cli import asking, wording
from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command
from reasoningbank_daemon.cli.reading import read_config
from reasoningbank_daemon.config import ConfigError, EmbedderName, RecallSection
from reasoningbank_daemon.config.editing import change_key
from reasoningbank_daemon.embedding.weights import WeightsError
from reasoningbank_daemon.services.embedders import embedder_kind

_WORDS = "by words; needs nothing"


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Describe an embedder; ``trouble`` says why it can't be used here; empty when it can."""

    name: str
    meaning: str
    configured: bool
    trouble: str
    next_step: str


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """Report what is configured and what is in force; None where no daemon answers."""

    configured: str
    weights: str
    trouble: str
    in_force: str | None = None
    vectors: int | None = None
    waiting: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``embedder``."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    use = actions.add_parser("use", help="choose one; a running daemon switches to it by itself")
    use.add_argument("name", metavar="NAME", choices=[name.value for name in EmbedderName])
    use.add_argument(
        "--weights", metavar="FOLDER", help="folder with the weights (default: the installed package)"
    )
    listing = actions.add_parser("list", help="show every embedder and whether it can be used here")
    status = actions.add_parser(
        "status", help="show which one is in use, and how many experiences it has embedded"
    )
    for parser_ in (listing, status):
        parser_.add_argument("--json", action="store_true", help="write JSON")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Do what the action says."""
    match arguments.action:
        case "use":
            _use(context, EmbedderName(arguments.name), arguments.weights)
        case "list":
            _list(context, as_json=arguments.json)
        case _:
            _status(context, as_json=arguments.json)
    return ExitCode.OK


def _use(context: Context, name: EmbedderName, weights: str | None) -> None:
    kind = embedder_kind(name)
    if weights is not None and not (kind and kind.takes_weights):
        raise CommandError(
            f"{name.value} needs no weights",
            code=ExitCode.USAGE,
            next_step=f"reasoningbank embedder use {name.value}",
        )
    if kind is not None:
        folder = "" if weights is None else str((context.cwd / Path(weights).expanduser()).absolute())
        try:
            kind.check(folder)
        except WeightsError as error:
            raise CommandError(str(error), next_step=error.next_step) from error
        if kind.takes_weights:
            _change(context, "recall.weights", folder)
    _change(context, "recall.embedder", name.value)
    context.say(f"recall.embedder = {name.value}   in {context.paths.config_file}")
    if asking.daemon_status(context) is None:
        context.say("No daemon is running; the next one starts with it.")
        return
    # An embedder that failed earlier is tried again, even if the file has not changed since.
    asking.reload(context)
    if kind is not None:
        context.say(
            "The daemon is embedding what is on record, in the background; until then it ranks as it did before."
        )
        context.say("Progress: reasoningbank embedder status")
    else:
        context.say("The daemon ranks by words from now on. The vectors stay in the bank.")


def _change(context: Context, key: str, value: str) -> None:
    try:
        change_key(context.paths.config_file, key, msgspec.json.encode(value).decode())
    except ConfigError as error:
        raise CommandError(
            str(error), code=ExitCode.BAD_CONFIGURATION, next_step="reasoningbank config check"
        ) from error


def _list(context: Context, *, as_json: bool) -> None:
    recall = read_config(context).recall
    found = [_describe(name, recall) for name in EmbedderName]
    if as_json:
        context.say_json(msgspec.to_builtins(found))
        return
    for listed in found:
        context.say(f"{'*' if listed.configured else ' '} {listed.name:<8} {listed.meaning}")
        if listed.trouble:
            context.say(f"           can't be used here: {listed.trouble}")
            context.say(f"           Next: {listed.next_step}")


def _describe(name: EmbedderName, recall: RecallSection) -> _Listed:
    kind = embedder_kind(name)
    trouble = next_step = ""
    if kind is not None:
        try:
            kind.check(recall.weights)
        except WeightsError as error:
            trouble, next_step = str(error), error.next_step
    return _Listed(
        name=name.value,
        meaning=kind.meaning if kind else _WORDS,
        configured=recall.embedder is name,
        trouble=trouble,
        next_step=next_step,
    )


def _status(context: Context, *, as_json: bool) -> None:
    recall = read_config(context).recall
    described = _describe(recall.embedder, recall)
    daemon = asking.daemon_status(context)
    state = _State(
        configured=recall.embedder.value,
        weights=recall.weights,
        trouble=described.trouble,
        in_force=daemon.embedder if daemon else None,
        vectors=daemon.vector_documents if daemon else None,
        waiting=daemon.vectors_waiting if daemon else None,
    )
    if as_json:
        context.say_json(msgspec.to_builtins(state))
        return
    context.say(f"configured  {state.configured}, {described.meaning}")
    if described.trouble:
        context.say(f"trouble     {described.trouble}")
        context.say(f"Next: {described.next_step}")
    if daemon is None:
        context.say("No daemon is running, so none is in use. Start it: reasoningbank up")
        return
    context.say(f"in use      {daemon.embedder}")
    if recall.embedder is not EmbedderName.LEXICAL:
        total = max(daemon.lexical_documents, daemon.vector_documents)
        share = daemon.vector_documents / total if total else 1.0
        context.say(
            f"embedded    {daemon.vector_documents:,} of {wording.count(total, 'experience')} ({share:.0%})"
        )


COMMANDS = {"embedder": Command(add_arguments, run)}
