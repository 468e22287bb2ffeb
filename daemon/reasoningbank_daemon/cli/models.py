"""``reasoningbank models``: the models that can be chosen, with their prices and the day of each."""

from __future__ import annotations

import argparse

import msgspec

from reasoningbank_daemon.cli import wording
from reasoningbank_daemon.cli.context import Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command
from reasoningbank_daemon.cli.reading import read_config
from reasoningbank_daemon.config import ModelEntry, configured_models, price_document, price_version


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``models``."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list", help="show every model; change them with [[models]] in the configuration"
    )
    listing.add_argument("--json", action="store_true", help="write JSON, with the note on each price")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Show the list."""
    config = read_config(context)
    models = configured_models(config)
    version = price_version(price_document(config.models))
    default = config.selection.default_model
    if arguments.json:
        context.say_json({"price_list": version, "default": default, "models": msgspec.to_builtins(models)})
        return ExitCode.OK
    rows: list[tuple[str, ...]] = [("", "MODEL", "HOST", "ALIAS", "TIER", "IN", "OUT", "CACHE READ", "AS OF")]
    rows += [_row(model, is_default=model.name == default) for model in models]
    for line in wording.table(rows):
        context.say(line)
    context.say(
        f"US dollars per million tokens; price list {version}; * is the default while there is no evidence."
    )
    return ExitCode.OK


def _row(model: ModelEntry, *, is_default: bool) -> tuple[str, ...]:
    return (
        "*" if is_default else "",
        model.name,
        model.host,
        model.alias or "-",
        model.tier,
        _price(model.input),
        _price(model.output),
        _price(model.cache_read),
        str(model.as_of or "-"),
    )


def _price(usd: float | None) -> str:
    return "-" if usd is None else f"{usd:.2f}" if round(usd, 2) == usd else f"{usd:g}"


COMMANDS = {"models": Command(add_arguments, run)}
