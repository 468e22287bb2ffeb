"""Invariants of the learners over the record: order, purity, saving, finiteness, symmetry, determinism."""

from __future__ import annotations

import math
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.learning.posterior import Belief, believe, probability_exceeds, probability_reaches
from reasoningbank_daemon.learning.selection import Candidate, SelectionPolicy, SelectionRequest, select
from reasoningbank_daemon.learning.strategies import SimilarTask, Strategy
from reasoningbank_daemon.learning.tally import Observation, Tallies, TallyKey
from reasoningbank_daemon.learning.trajectory import Judgement, Label

MODELS = ("small", "medium", "large")
CANDIDATES = tuple(
    Candidate(name=name, host="h", tier=name, price_in=price, price_out=5 * price)
    for name, price in zip(MODELS, (0.1, 2.0, 4.0), strict=True)
)
NUMBERS = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))
JUDGEMENTS = st.builds(
    Judgement,
    label=st.sampled_from(Label),
    probability=st.one_of(st.none(), st.floats(min_value=0, max_value=1)),
)
OBSERVATIONS = st.builds(
    Observation,
    key=st.builds(
        TallyKey,
        project_id=st.integers(min_value=0, max_value=3),
        kind=st.sampled_from(["main", "Explore"]),
        model=st.sampled_from(MODELS),
    ),
    judgement=JUDGEMENTS,
    duration_s=NUMBERS,
    cost_usd=NUMBERS,
)
SIMILAR = st.builds(
    SimilarTask,
    duration_s=st.floats(allow_nan=True, allow_infinity=True),
    model=st.sampled_from([*MODELS, ""]),
    cost_usd=NUMBERS,
    probability=NUMBERS,
    likeness=st.floats(allow_nan=True, allow_infinity=True),
    strategy=st.sampled_from([*(strategy.value for strategy in Strategy), "", "other"]),
)
REQUEST = SelectionRequest(project_id=1, host="h")
PARAMETERS = st.floats(min_value=1.0, max_value=1e6)


def policy(default: str = "medium") -> SelectionPolicy:
    return SelectionPolicy(default_model=default, min_evidence=3)


@given(st.lists(OBSERVATIONS, max_size=25), st.randoms(use_true_random=False))
def test_the_order_of_tasks_changes_no_tally(observations: list[Observation], random: Random) -> None:
    shuffled = list(observations)
    random.shuffle(shuffled)
    one_by_one = Tallies()
    for observation in shuffled:
        one_by_one = one_by_one.add(observation)

    assert one_by_one == Tallies().add_all(observations)


@given(st.lists(OBSERVATIONS, max_size=15), OBSERVATIONS)
def test_what_is_added_and_removed_leaves_nothing(
    observations: list[Observation], extra: Observation
) -> None:
    tallies = Tallies().add_all(observations)

    assert tallies.add(extra).remove(extra) == tallies


@given(st.lists(OBSERVATIONS, max_size=15), OBSERVATIONS)
def test_adding_leaves_the_old_tallies_untouched_and_they_survive_saving(
    observations: list[Observation], extra: Observation
) -> None:
    tallies = Tallies().add_all(observations)
    saved = msgspec.msgpack.encode(tallies)

    tallies.add(extra)

    assert msgspec.msgpack.encode(tallies) == saved
    assert msgspec.msgpack.decode(saved, type=Tallies) == tallies


@given(st.lists(OBSERVATIONS, max_size=25))
def test_swapping_successes_and_failures_mirrors_every_belief(observations: list[Observation]) -> None:
    mirrored = [msgspec.structs.replace(item, judgement=_mirrored(item.judgement)) for item in observations]

    for model in MODELS:
        belief = believe(Tallies().add_all(observations), project_id=1, kind="main", model=model)
        mirror = believe(Tallies().add_all(mirrored), project_id=1, kind="main", model=model)

        assert math.isclose(belief.alpha, mirror.beta, rel_tol=1e-9, abs_tol=1e-4)
        assert math.isclose(belief.beta, mirror.alpha, rel_tol=1e-9, abs_tol=1e-4)


def _mirrored(judgement: Judgement) -> Judgement:
    labels = {Label.SUCCESS: Label.FAILURE, Label.FAILURE: Label.SUCCESS, Label.UNKNOWN: Label.UNKNOWN}
    chance = None if judgement.probability is None else 1.0 - judgement.probability
    return Judgement(label=labels[judgement.label], probability=chance)


@given(PARAMETERS, PARAMETERS, st.floats(min_value=0, max_value=1))
def test_a_probability_is_one_and_falls_with_the_rate(alpha: float, beta: float, rate: float) -> None:
    belief = Belief(alpha=alpha, beta=beta)

    assert 0.0 <= probability_reaches(belief, 1.0) <= probability_reaches(belief, rate) <= 1.0
    assert probability_reaches(belief, 0.0) == 1.0


@given(PARAMETERS, PARAMETERS, PARAMETERS, PARAMETERS)
def test_either_rate_is_larger(a: float, b: float, c: float, d: float) -> None:
    first, second = Belief(alpha=a, beta=b), Belief(alpha=c, beta=d)

    total = probability_exceeds(first, second) + probability_exceeds(second, first)

    assert math.isclose(total, 1.0, abs_tol=1e-6)


@given(st.lists(OBSERVATIONS, max_size=25), st.lists(SIMILAR, max_size=10), st.sampled_from(MODELS))
def test_a_selection_is_finite_repeatable_and_says_why(
    observations: list[Observation], similar: list[SimilarTask], default: str
) -> None:
    tallies = Tallies().add_all(observations)

    first = select(REQUEST, CANDIDATES, tallies, similar, policy(default))
    second = select(REQUEST, tuple(reversed(CANDIDATES)), tallies, list(reversed(similar)), policy(default))

    assert first == second
    assert first.reasons
    assert (first.confidence is None) == (first.evidence == 0)
    assert first.confidence is None or 0.0 <= first.confidence <= 1.0
    assert first.evidence > 0 or first.model == default
    for estimate in (first.duration_s, first.cost_usd):
        assert estimate is None or (estimate.n >= 3 and 0.0 <= estimate.p50 <= estimate.p90 < math.inf)


@given(st.lists(OBSERVATIONS, max_size=20))
def test_a_model_is_only_left_for_one_with_enough_judged_tasks(observations: list[Observation]) -> None:
    tallies = Tallies().add_all(observations)

    selection = select(REQUEST, CANDIDATES, tallies, (), policy())

    if selection.model != "medium":
        judged = [
            item
            for item in observations
            if item.key.model == selection.model and item.judgement.label is not Label.UNKNOWN
        ]
        assert selection.evidence == len(judged) >= 3
