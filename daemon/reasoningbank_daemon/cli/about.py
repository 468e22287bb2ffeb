"""``reasoningbank version``: which program this is and what it stands on."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version

from reasoningbank_daemon.cli.context import Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command
from reasoningbank_schema.envelope import PROTOCOL_VERSION

SHOWN_PACKAGES = (
    "apsw",
    "pyzmq",
    "msgspec",
    "numpy",
    "hnswlib",
    "tantivy",
    "ruff",
    "onnxruntime",
    "tokenizers",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``version``."""
    parser.add_argument("--json", action="store_true", help="write JSON, with the versions of libraries")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Show the versions."""
    own = version("reasoningbank")
    if arguments.json:
        context.say_json(
            {
                "reasoningbank": own,
                "protocol": PROTOCOL_VERSION,
                "python": platform.python_version(),
                "system": platform.platform(),
                "libraries": library_versions(),
            }
        )
    else:
        context.say(f"reasoningbank {own} (protocol {PROTOCOL_VERSION}, Python {platform.python_version()})")
    return ExitCode.OK


def library_versions() -> dict[str, str | None]:
    """Return the installed version of each library that matters; None for one that is not installed."""
    found: dict[str, str | None] = {}
    for package in SHOWN_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


COMMANDS = {"version": Command(add_arguments, run)}
