"""What `doctor` says of the engines behind edit verdicts: which answer, which can't, and what to type."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from reasoningbank_daemon.cli.context import Context
from reasoningbank_daemon.cli.engine_log import log_to_stderr
from reasoningbank_daemon.cli.finding import Check, Mark
from reasoningbank_daemon.config import ConfigError, load_config
from reasoningbank_daemon.quality.engine import Engine
from reasoningbank_daemon.quality.engine_health import EngineHealth, Health, engine_health
from reasoningbank_daemon.quality.engines.programs import HOW_TO_INSTALL, Programs
from reasoningbank_daemon.quality.reviewer import Reviewer, second_engines, standard_engines

_ABOUT = "engines"
_OPTIONAL = frozenset({"oxlint", "shellcheck", "ty"})
"""Engines that do not come with the program: without one of them, verdicts say less."""
_REINSTALL = "pip install --force-reinstall reasoningbank"


def check_engines(context: Context) -> Iterator[Check]:
    """Start every engine once, all at the same time, and ask each about an empty text."""
    try:
        config = load_config(context.paths.config_file)
    except ConfigError:
        return  # said by `check_configuration`
    if not config.quality.enabled:
        yield Check(about=_ABOUT, mark=Mark.OK, message="edits are not judged: quality.enabled is off")
        return
    log_to_stderr(context, level=logging.ERROR)  # why an engine fails is in its check
    programs = Programs(oxlint=lambda: config.quality.oxlint)
    engines = (*standard_engines(programs=programs), *second_engines(programs=programs))
    found = _health([engine for engine in engines if engine.name not in config.quality.engines_off], context)
    answering = [each.engine for each in found if each.health is Health.ANSWERS]
    if answering:
        yield Check(about=_ABOUT, mark=Mark.OK, message=f"{', '.join(answering)}: each answers")
    for each in found:
        if each.health is not Health.ANSWERS:
            yield _finding(each)


def _health(engines: list[Engine], context: Context) -> tuple[EngineHealth, ...]:
    with tempfile.TemporaryDirectory() as folder, closing(Reviewer(engines)):
        return engine_health(engines, Path(folder), clock=context.monotonic_s)


def _finding(found: EngineHealth) -> Check:
    next_step = HOW_TO_INSTALL.get(found.engine, _REINSTALL)
    if found.health is Health.ABSENT:
        return Check(
            about=_ABOUT,
            mark=Mark.OK,
            message=f"{found.engine} is not installed, so it does not look at {', '.join(found.languages)}",
            next_step=next_step,
        )
    return Check(
        about=_ABOUT,
        mark=Mark.WARNING if found.engine in _OPTIONAL else Mark.ERROR,
        message=f"{found.engine} does not work, verdicts go without it: {found.reason}",
        next_step=next_step,
    )
