"""Where the log of engines goes when a command, not the daemon, runs them."""

from __future__ import annotations

import logging

import structlog

from reasoningbank_daemon.cli.context import Context


def log_to_stderr(context: Context, *, level: int = logging.WARNING) -> None:
    """Send the engines' log to standard error, without their coming and going."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(context.err),
    )
