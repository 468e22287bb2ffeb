"""``reasoningbank service``: write the systemd user unit with the paths of this installation."""

from __future__ import annotations

import argparse
import difflib
import sysconfig
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.daemon_process import daemon_program
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command

UNIT = "reasoningbank.service"
ENABLE = ("systemctl --user daemon-reload", "systemctl --user enable --now reasoningbank")
DISABLE = ("systemctl --user stop reasoningbank", "systemctl --user daemon-reload")
"""What ends a service whose unit is gone: `disable` would not find it any more."""
_EXEC = "ExecStart="


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``service``."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    install = actions.add_parser("install", help="write the unit and show the two lines that enable it")
    install.add_argument("--dry-run", action="store_true", help="show what would change and change nothing")
    actions.add_parser("uninstall", help="remove the unit")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Do what the action says."""
    target = unit_path(context)
    if arguments.action == "uninstall":
        return _uninstall(context, target)
    text = unit_text(
        template().read_text(encoding="utf-8"),
        program=daemon_program(),
        rb_home=context.environment.get("RB_HOME", ""),
    )
    if arguments.dry_run:
        _show_difference(context, target, text)
        return ExitCode.OK
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{target} can't be written: {error.strerror}", code=ExitCode.CANNOT_CREATE
        ) from error
    context.say(f"Wrote {target}. Enable it:")
    for line in ENABLE:
        context.say(f"  {line}")
    return ExitCode.OK


def unit_path(context: Context) -> Path:
    """Return where a user's units are kept."""
    configured = context.environment.get("XDG_CONFIG_HOME", "")
    base = Path(configured) if configured.startswith("/") else context.home / ".config"
    return base / "systemd" / "user" / UNIT


def template() -> Path:
    """Return the unit that came with this installation: a wheel's shared data, or the source tree's.

    Raises
    ------
    CommandError
        When neither is there.
    """
    source = Path(__file__).parents[3] / "systemd" / UNIT
    if source.is_file():
        return source
    try:
        listed = [Path(str(file.locate())) for file in files("reasoningbank") or () if file.name == UNIT]
    except PackageNotFoundError:
        listed = []
    for candidate in (*listed, Path(sysconfig.get_path("data")) / "share/reasoningbank/systemd" / UNIT):
        if candidate.is_file():
            return candidate.resolve()
    raise CommandError(
        f"{UNIT} is missing from this installation",
        code=ExitCode.NOT_FOUND,
        next_step="install the wheel again, or copy the unit from docs/service.md",
    )


def unit_text(template_text: str, *, program: tuple[str, ...], rb_home: str = "") -> str:
    """Return the unit with its program, and the bank's folder where one is set, written in."""
    lines = []
    for line in template_text.splitlines():
        if line.startswith(_EXEC):
            # Only a command line expands variables; everywhere a percent sign begins a specifier.
            lines.append(_EXEC + " ".join(_quote(word.replace("$", "$$")) for word in program))
            if rb_home:
                lines.append(f"Environment={_quote(f'RB_HOME={rb_home}')}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _quote(word: str) -> str:
    """Write a word so that systemd reads it as one, with nothing in it expanded."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if any(character in escaped for character in " \t'\"\\;") else escaped


def _show_difference(context: Context, target: Path, text: str) -> None:
    try:
        old = target.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        old = []
    except OSError as error:
        raise CommandError(
            f"{target} can't be read: {error.strerror}", code=ExitCode.CANNOT_CREATE
        ) from error
    difference = list(
        difflib.unified_diff(old, text.splitlines(keepends=True), str(target), f"{target} (new)")
    )
    context.say("".join(difference).removesuffix("\n") or f"{target} would not change.")


def _uninstall(context: Context, target: Path) -> int:
    try:
        target.unlink()
    except FileNotFoundError:
        context.say(f"{target} does not exist.")
        return ExitCode.OK
    except OSError as error:
        raise CommandError(
            f"{target} can't be removed: {error.strerror}",
            code=ExitCode.CANNOT_CREATE,
            next_step=f"ls -ld {target.parent} {target}",
        ) from error
    enabled = target.parent / "default.target.wants" / UNIT
    if enabled.is_symlink():
        enabled.unlink()  # what `systemctl --user enable` made; without the unit it leads nowhere
    context.say(f"Removed {target}. Where systemd runs it, end it:")
    for line in DISABLE:
        context.say(f"  {line}")
    return ExitCode.OK


COMMANDS = {"service": Command(add_arguments, run)}
