"""What commands read without a daemon: the configuration, and the bank read-only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.hooks import hook_status
from reasoningbank_daemon.config import Config, ConfigError, load_config
from reasoningbank_daemon.storage import sqlite
from reasoningbank_hooks.installer import InstallError


def read_config(context: Context) -> Config:
    """Return the configuration; a wrong one ends the command with the key and what is allowed."""
    try:
        return load_config(context.paths.config_file)
    except ConfigError as error:
        raise CommandError(
            str(error),
            code=ExitCode.BAD_CONFIGURATION,
            next_step="fix it, then: reasoningbank config check",
        ) from error


def _first_step(context: Context) -> str:
    try:
        installed = any(scope.calls_us for scope in hook_status(context).scopes)
    except InstallError:
        return "reasoningbank doctor"
    if installed:
        return "work with your agent: its hooks are installed, and its first task makes the bank"
    return "reasoningbank hooks install claude-code, then work with your agent"


@contextmanager
def open_bank(context: Context) -> Iterator[apsw.Connection]:
    """Open the bank read-only for a block; errors in it end the command and name `doctor`."""
    bank = context.paths.bank
    if not bank.exists():
        raise CommandError(
            f"there is no bank yet: {bank}",
            code=ExitCode.NOT_FOUND,
            next_step=_first_step(context),
        )
    try:
        db = sqlite.open_reader(bank)
        try:
            yield db
        finally:
            db.close()
    except apsw.Error as error:
        raise CommandError(
            f"{bank} can't be read: {error}",
            code=ExitCode.BANK_UNUSABLE,
            next_step="reasoningbank doctor",
        ) from error
