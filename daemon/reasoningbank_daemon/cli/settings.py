"""``reasoningbank config``: show, check or change the configuration."""

from __future__ import annotations

import argparse
import enum
from typing import Any

import msgspec

from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.daemon_process import lock_holder
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command
from reasoningbank_daemon.cli.reading import read_config
from reasoningbank_daemon.config import Config, ConfigError
from reasoningbank_daemon.config.editing import change_key, find_key
from reasoningbank_daemon.config.keys import list_keys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``config``."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="show every key with its value; * marks those that you changed")
    show.add_argument("--json", action="store_true", help="write the whole configuration as JSON")
    actions.add_parser("check", help="say whether the file is valid, and if not, which key is wrong")
    actions.add_parser("path", help="show where the file is")
    change = actions.add_parser("set", help="change one key and leave the rest of the file alone")
    change.add_argument("key", metavar="KEY", help="section.name, as `config show` lists them")
    change.add_argument("value", metavar="VALUE", help="the new value; a list is written a,b,c")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Do what the action says."""
    match arguments.action:
        case "show":
            _show(context, as_json=arguments.json)
        case "check":
            _check(context)
        case "path":
            context.say(str(context.paths.config_file))
        case _:
            set_key(context, arguments.key, arguments.value)
    return ExitCode.OK


def set_key(context: Context, key: str, text: str) -> None:
    """Change one key and say when it comes into force."""
    read_config(context)  # a file that is wrong already is no file to change, whatever the key
    try:
        described = find_key(key)
        value = change_key(context.paths.config_file, key, text)
    except ConfigError as error:
        raise CommandError(
            str(error), code=ExitCode.BAD_CONFIGURATION, next_step="reasoningbank config show"
        ) from error
    context.say(f"{key} = {_toml(value)}   in {context.paths.config_file}")
    if lock_holder(context.paths.lock) is None:
        context.say("No daemon is running; the next one starts with it.")
    elif described.needs_restart:
        context.say("It takes effect after a restart. Next: reasoningbank down && reasoningbank up")
    else:
        context.say("The running daemon applies it at once.")


def _show(context: Context, *, as_json: bool) -> None:
    config = read_config(context)
    if as_json:
        context.say_json(msgspec.to_builtins(config))
        return
    section = ""
    for key in list_keys(Config):
        if key.path.split(".")[0] != section:
            section = key.path.split(".")[0]
            context.say(f"[{section}]")
        value: Any = getattr(getattr(config, section), key.path.split(".")[1])  # one of the types in `Value`
        changed = "*" if _plain(value) != _plain(key.default) else " "
        written = f"{key.path.split('.')[1]} = {_toml(value)}"
        context.say(f"{changed} {written:<36} # {key.meaning}")
    if config.models:
        context.say(f"* {len(config.models)} [[models]], see: reasoningbank models list")


def _check(context: Context) -> None:
    read_config(context)
    file = context.paths.config_file
    context.say(f"{file} is valid." if file.exists() else f"{file} does not exist: the defaults apply.")


def _plain(value: object) -> object:
    return value.value if isinstance(value, enum.Enum) else value


def _toml(value: object) -> str:
    return msgspec.json.encode(value).decode()


COMMANDS = {"config": Command(add_arguments, run)}
