"""The edit desk as the daemon has it: with the bank's false alarms and the configuration of the moment."""

from __future__ import annotations

from collections.abc import Callable

from reasoningbank_daemon.quality.desk import EditDesk
from reasoningbank_daemon.quality.judge_apart import JudgeApart
from reasoningbank_daemon.quality.judge_messages import Role
from reasoningbank_daemon.quality.projects.policies import Policies
from reasoningbank_daemon.quality.projects.policy import Mode
from reasoningbank_daemon.quality.reviewer import second_languages
from reasoningbank_daemon.quality.second_look import SecondLook
from reasoningbank_daemon.services.clock import Clock
from reasoningbank_daemon.services.false_alarms import FalseAlarms
from reasoningbank_daemon.services.settings import Settings
from reasoningbank_daemon.storage.store import SqliteStore


def open_edit_desk(
    store: SqliteStore, settings: Settings, clock: Clock, *, idle_s: Callable[[], float]
) -> EditDesk:
    """Return a desk whose engines start when they are first needed.

    `idle_s` tells for how long nobody has wanted advice on a task, to which a second look gives way.
    """
    off = frozenset(settings.current.quality.engines_off)
    policies = Policies(
        mode=lambda: Mode(settings.current.quality.mode.value),
        false_alarms=FalseAlarms(store, clock).counts,
    )

    def judge(role: Role) -> JudgeApart:
        return JudgeApart(
            role,
            engines_off=off,
            oxlint=lambda: settings.current.quality.oxlint,
            clock=clock.monotonic_s,
        )

    second = None
    if second_languages(off):
        second = SecondLook(judge(Role.AGAIN), clock=clock.monotonic_s, idle_s=idle_s)
    return EditDesk(judge(Role.FIRST), policies, second=second, clock=clock.monotonic_s)
