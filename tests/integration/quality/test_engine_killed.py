"""A real engine, killed or stopped at every step of its life: an answer or a stated reason, and nothing left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from rbtest.engines_under_fire import MOMENTS, Belongings, Bench, belongings, strike, subjects

SUBJECTS = subjects(environment=os.environ)
MIB = 1024**2
ROUNDS = 15
HEALTHY_S = 31.0
"""After so long a death is the first again, and needs no pause before the restart."""


@pytest.fixture
def before() -> Belongings:
    return belongings()


@pytest.fixture(params=list(SUBJECTS))
def bench(request: pytest.FixtureRequest, before: Belongings, tmp_path: Path) -> Iterator[Bench]:
    del before  # counted first
    subject = SUBJECTS[request.param]
    if subject.missing:
        pytest.skip(subject.missing)
    made = Bench(subject, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
@pytest.mark.parametrize("moment", list(MOMENTS))
def test_engine_struck_at_a_step_costs_its_own_findings_and_comes_back(
    bench: Bench, before: Belongings, moment: str, number: signal.Signals
) -> None:
    verdict = MOMENTS[moment](bench, number, 2.0)
    again = bench.until_judged_again()
    bench.close()

    assert "text" in verdict.engines_run
    assert [each.engine for each in verdict.engines_missing if each.reason] == [
        name for name in [bench.engine.name] if name not in verdict.engines_run
    ]
    if "answer" in moment:  # it was struck with the question in its hands
        assert bench.engine.name not in verdict.engines_run
    assert again.engines_missing == ()
    assert bench.subject.rule in [issue.rule for issue in again.issues]
    assert belongings() == before


def test_engine_killed_again_and_again_leaves_nothing_behind(bench: Bench, before: Belongings) -> None:
    def rounds(count: int) -> int:
        for _ in range(count):
            strike(bench.ready().pid, signal.SIGKILL)
            bench.put_clock_forward(HEALTHY_S)
            assert bench.until_judged_again().engines_missing == ()
        return psutil.Process().memory_info().rss

    warm = rounds(3)
    held = belongings()

    grown = rounds(ROUNDS) - warm
    after = belongings()
    bench.close()

    assert grown < 16 * MIB
    assert (len(after.children), after.descriptors, after.engine_threads) == (
        len(held.children),
        held.descriptors,
        held.engine_threads,
    )
    assert belongings() == before
