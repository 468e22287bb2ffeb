from __future__ import annotations

from math import comb

import pytest

from reasoningbank_daemon.learning.posterior import (
    BORROWED_LIMIT,
    UNKNOWN,
    Belief,
    believe,
    probability_exceeds,
    probability_reaches,
)
from reasoningbank_daemon.learning.tally import Observation, Tallies, TallyKey
from reasoningbank_daemon.learning.trajectory import Judgement, Label

MODEL = "claude-haiku-5-5"


def tallies(won: int, lost: int, *, project_id: int = 1, kind: str = "main") -> Tallies:
    key = TallyKey(project_id=project_id, kind=kind, model=MODEL)
    good = Observation(key=key, judgement=Judgement(label=Label.SUCCESS, probability=1.0))
    bad = Observation(key=key, judgement=Judgement(label=Label.FAILURE, probability=0.0))
    return Tallies().add_all([good] * won + [bad] * lost)


def reaches_in_closed_form(alpha: int, beta: int, rate: float) -> float:
    """P(X >= rate) for integer parameters: a binomial sum."""
    n = alpha + beta - 1
    return sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(alpha))


def exceeds_in_closed_form(a: Belief, b: Belief) -> float:
    """P(A > B) for integer parameters: a sum over the states of one of them."""
    total = 0.0
    alpha, beta = int(a.alpha), int(a.beta)
    for i in range(int(b.alpha) + int(b.beta) - 1, int(b.alpha) - 1, -1):
        n = int(b.alpha) + int(b.beta) - 1
        total += comb(n, i) * beta_function(alpha + i, beta + n - i) / beta_function(alpha, beta)
    return total


def beta_function(a: int, b: int) -> float:
    return 1.0 / (a * comb(a + b - 1, a))


@pytest.mark.parametrize(("alpha", "beta"), [(1, 1), (9, 1), (1, 9), (5, 4), (40, 12), (200, 30)])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8, 0.95])
def test_the_quadrature_agrees_with_the_binomial_sum(alpha: int, beta: int, rate: float) -> None:
    probability = probability_reaches(Belief(alpha=alpha, beta=beta), rate)

    assert probability == pytest.approx(reaches_in_closed_form(alpha, beta, rate), abs=1e-3)


@pytest.mark.parametrize(
    ("a", "b"), [((1, 1), (1, 1)), ((9, 1), (5, 4)), ((3, 8), (8, 3)), ((40, 12), (30, 30))]
)
def test_the_comparison_agrees_with_its_closed_form(a: tuple[int, int], b: tuple[int, int]) -> None:
    first, second = Belief(alpha=a[0], beta=a[1]), Belief(alpha=b[0], beta=b[1])

    probability = probability_exceeds(first, second)

    assert probability == pytest.approx(exceeds_in_closed_form(first, second), abs=1e-3)


def test_one_of_two_unequal_rates_is_larger() -> None:
    first, second = Belief(alpha=7.5, beta=2.25), Belief(alpha=3.0, beta=4.0)

    assert probability_exceeds(first, second) + probability_exceeds(second, first) == pytest.approx(
        1.0, abs=1e-6
    )


def test_without_a_record_nothing_is_known() -> None:
    assert believe(Tallies(), project_id=1, kind="main", model=MODEL) == UNKNOWN


def test_eight_failures_move_a_belief_as_much_as_eight_successes() -> None:
    won = believe(tallies(8, 0), project_id=1, kind="main", model=MODEL)
    lost = believe(tallies(0, 8), project_id=1, kind="main", model=MODEL)

    assert (won.alpha, won.beta) == (lost.beta, lost.alpha) == (9.0, 1.0)
    assert won.mean - 0.5 == pytest.approx(0.5 - lost.mean)


def test_evidence_from_elsewhere_counts_for_less_the_further_it_is() -> None:
    here = believe(tallies(8, 0), project_id=1, kind="main", model=MODEL)
    other_project = believe(tallies(8, 0, project_id=2), project_id=1, kind="main", model=MODEL)
    other_kind = believe(tallies(8, 0, project_id=2, kind="Explore"), project_id=1, kind="main", model=MODEL)

    assert here.mean > other_project.mean > other_kind.mean > 0.5
    assert (other_project.judged, other_project.own_judged) == (8, 0)


def test_a_projects_own_record_outweighs_any_amount_from_elsewhere() -> None:
    elsewhere = tallies(0, 10_000, project_id=2)
    own = Observation(
        key=TallyKey(project_id=1, kind="main", model=MODEL),
        judgement=Judgement(label=Label.SUCCESS, probability=1.0),
    )

    belief = believe(elsewhere.add_all([own] * 40), project_id=1, kind="main", model=MODEL)

    assert belief.alpha == 41.0
    assert belief.beta == 1.0 + BORROWED_LIMIT
