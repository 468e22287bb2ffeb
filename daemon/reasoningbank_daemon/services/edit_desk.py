"""The edit desk as the daemon has it: with the bank's false alarms and the configuration of the moment."""

from __future__ import annotations

from reasoningbank_daemon.quality.desk import EditDesk
from reasoningbank_daemon.quality.engine import Engine
from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_daemon.quality.projects.policies import Policies
from reasoningbank_daemon.quality.projects.policy import Mode
from reasoningbank_daemon.quality.reviewer import Reviewer, second_engines, standard_engines
from reasoningbank_daemon.quality.second_look import SecondLook
from reasoningbank_daemon.services.clock import Clock
from reasoningbank_daemon.services.false_alarms import FalseAlarms
from reasoningbank_daemon.services.settings import Settings
from reasoningbank_daemon.storage.store import SqliteStore


def open_edit_desk(store: SqliteStore, settings: Settings, clock: Clock) -> EditDesk:
    """Return a desk whose engines start when they are first needed."""
    off = frozenset(settings.current.quality.engines_off)
    programs = Programs(oxlint=lambda: settings.current.quality.oxlint)
    policies = Policies(
        mode=lambda: Mode(settings.current.quality.mode.value),
        false_alarms=FalseAlarms(store, clock).counts,
    )
    second = _without(second_engines(programs=programs), off)
    return EditDesk(
        Reviewer(_without(standard_engines(programs=programs), off), clock=clock.monotonic_s),
        policies,
        second=SecondLook(Reviewer(second, clock=clock.monotonic_s), clock=clock.monotonic_s)
        if second
        else None,
        clock=clock.monotonic_s,
    )


def _without(engines: tuple[Engine, ...], off: frozenset[str]) -> tuple[Engine, ...]:
    return tuple(engine for engine in engines if engine.name not in off)
