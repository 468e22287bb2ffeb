"""The configured silence decides which prompts are one task."""

from __future__ import annotations

from pathlib import Path

import pytest
from rbtest.bank import MINUTE_NS, Play, scratch_paths

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.config.sections import TasksSection
from reasoningbank_daemon.services.container import Services, open_services
from reasoningbank_daemon.services.folders import prepare_folders


def opened(folder: Path, idle_minutes: float) -> Services:
    paths = scratch_paths(folder)
    prepare_folders(paths)
    return open_services(paths, Config(tasks=TasksSection(idle_minutes=idle_minutes)))


def tell(services: Services, play: Play, *prompts: str, pause_minutes: float) -> int:
    """Tell prompts with a silence before each, and return how many tasks are on record."""
    for prompt in prompts:
        play.wait(pause_minutes * MINUTE_NS / 1e9)
        services.store.submit(play.prompt(prompt), None)
        services.store.submit(play.stop(), None)
    assert services.store.flush(timeout_s=10)
    return services.store.counts().tasks


@pytest.mark.parametrize(("idle_minutes", "tasks"), [(5.0, 2), (30.0, 1), (120.0, 1)])
def test_prompt_after_ten_silent_minutes_joins_if_the_configured_time_is_longer(
    tmp_path: Path, idle_minutes: float, tasks: int
) -> None:
    services = opened(tmp_path, idle_minutes)

    counted = tell(services, Play(), "Add pagination to the /users endpoint", "continue", pause_minutes=10)

    services.close()
    assert counted == tasks


def test_prompt_after_an_hour_joins_where_two_hours_are_configured(tmp_path: Path) -> None:
    services = opened(tmp_path, 120.0)

    counted = tell(services, Play(), "Add pagination to the /users endpoint", "continue", pause_minutes=60)

    services.close()
    assert counted == 1


def test_changed_time_holds_for_the_next_prompt_without_a_restart(tmp_path: Path) -> None:
    services = opened(tmp_path, 30.0)
    play = Play()
    before = tell(services, play, "Add pagination to the /users endpoint", "continue", pause_minutes=10)

    services.settings.replace(Config(tasks=TasksSection(idle_minutes=5)))
    after = tell(services, play, "continue", pause_minutes=10)

    services.close()
    assert (before, after) == (1, 2)


@pytest.mark.parametrize(("idle_minutes", "tasks"), [(5.0, 2), (30.0, 1)])
def test_turn_whose_prompt_has_not_arrived_is_kept_apart_by_the_same_silence(
    tmp_path: Path, idle_minutes: float, tasks: int
) -> None:
    services = opened(tmp_path, idle_minutes)
    play = Play()
    tell(services, play, "Add pagination to the /users endpoint", pause_minutes=0)

    play.wait(10 * MINUTE_NS / 1e9)
    play.turn += 1
    services.store.submit(play.run("pytest -q"), None)
    assert services.store.flush(timeout_s=10)
    counted = services.store.counts().tasks

    services.close()
    assert counted == tasks
