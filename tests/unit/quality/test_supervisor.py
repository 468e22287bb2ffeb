from __future__ import annotations

from reasoningbank_daemon.quality.processes.supervisor import pause_before_restart


def test_first_death_costs_no_pause_and_later_ones_double_it() -> None:
    assert [pause_before_restart(deaths) for deaths in range(6)] == [0.0, 0.0, 0.5, 1.0, 2.0, 4.0]


def test_pause_has_an_upper_bound() -> None:
    assert pause_before_restart(1000) == 60.0
