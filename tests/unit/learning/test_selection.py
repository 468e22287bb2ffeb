from __future__ import annotations

import pytest

from reasoningbank_daemon.learning.selection import (
    NO_EVIDENCE,
    Candidate,
    SelectionPolicy,
    SelectionRequest,
    select,
)
from reasoningbank_daemon.learning.strategies import SimilarTask
from reasoningbank_daemon.learning.tally import Observation, Tallies, TallyKey
from reasoningbank_daemon.learning.trajectory import Judgement, Label
from reasoningbank_schema.advice import Estimate, ModelSelection

OPUS = Candidate(
    name="claude-opus-5-5", host="claude-code", alias="opus", tier="large", price_in=4, price_out=20
)
SONNET = Candidate(
    name="claude-sonnet-5-5", host="claude-code", alias="sonnet", tier="medium", price_in=2, price_out=10
)
HAIKU = Candidate(
    name="claude-haiku-5-5", host="claude-code", alias="haiku", tier="small", price_in=0.1, price_out=0.5
)
LEGACY = Candidate(name="claude-opus-4-5", host="claude-code", tier="large", price_in=0.01, price_out=0.01)
SOL = Candidate(name="gpt-6.2-sol", host="codex", tier="medium", price_in=2, price_out=10)
ALL = (OPUS, SONNET, HAIKU, SOL)
REQUEST = SelectionRequest(project_id=1, host="claude-code")
POLICY = SelectionPolicy(default_model="claude-opus-5-5", min_evidence=8)


def record(**won_lost: tuple[int, int]) -> Tallies:
    """Count tasks of project 1: ``record(haiku=(won, lost))``."""
    observations = []
    for alias, (won, lost) in won_lost.items():
        model = next(candidate.name for candidate in (*ALL, LEGACY) if alias in candidate.name)
        key = TallyKey(project_id=1, kind="main", model=model)
        observations += [
            Observation(key=key, judgement=Judgement(label=Label.SUCCESS, probability=1.0))
        ] * won
        observations += [
            Observation(key=key, judgement=Judgement(label=Label.FAILURE, probability=0.0))
        ] * lost
    return Tallies().add_all(observations)


def chosen(
    tallies: Tallies, *, request: SelectionRequest = REQUEST, policy: SelectionPolicy = POLICY
) -> ModelSelection:
    return select(request, ALL, tallies, (), policy)


def test_without_evidence_the_default_is_named_and_that_is_said() -> None:
    selection = chosen(Tallies())

    assert (selection.model, selection.alias, selection.tier) == ("claude-opus-5-5", "opus", "large")
    assert (selection.evidence, selection.confidence, selection.strategy) == (0, None, "default")
    assert selection.reasons[0].startswith(NO_EVIDENCE)


def test_less_than_the_needed_evidence_is_none() -> None:
    selection = chosen(record(haiku=(7, 0)))

    assert (selection.model, selection.evidence, selection.confidence) == ("claude-opus-5-5", 0, None)
    assert selection.reasons == ("no evidence: no model has more than 7 judged tasks, 8 are needed.",)


def test_a_record_of_passed_tests_in_other_projects_supports_a_choice_in_a_new_one() -> None:
    key = TallyKey(project_id=1, kind="main", model=HAIKU.name)
    passed = Observation(key=key, judgement=Judgement(label=Label.SUCCESS, probability=0.9))
    elsewhere = SelectionRequest(project_id=2, host="claude-code")

    few = chosen(Tallies().add_all([passed] * 20), request=elsewhere)
    many = chosen(Tallies().add_all([passed] * 60), request=elsewhere)

    assert few.model == OPUS.name
    assert (many.model, many.evidence) == (HAIKU.name, 60)


def test_a_cheap_model_that_reaches_the_target_is_chosen_with_its_count_and_confidence() -> None:
    selection = chosen(record(haiku=(30, 1), opus=(10, 1)))

    assert (selection.model, selection.evidence) == ("claude-haiku-5-5", 31)
    assert selection.confidence is not None
    assert 0.9 < selection.confidence < 1.0
    assert (
        "claude-haiku-5-5 (30 of 31 judged tasks succeeded, 30 of 31 in this project)" in selection.reasons[0]
    )


def test_the_cheapest_of_several_that_reach_the_target_is_chosen() -> None:
    assert chosen(record(haiku=(30, 1), sonnet=(40, 0))).model == "claude-haiku-5-5"
    assert chosen(record(haiku=(10, 20), sonnet=(40, 0))).model == "claude-sonnet-5-5"


def test_a_cheap_model_that_fails_is_not_chosen() -> None:
    selection = chosen(record(haiku=(2, 10)))

    assert (selection.model, selection.evidence, selection.confidence) == ("claude-opus-5-5", 0, None)
    assert "claude-haiku-5-5 (2 of 12" in selection.reasons[0]


def test_the_defaults_own_record_gives_its_confidence() -> None:
    selection = chosen(record(opus=(30, 2), haiku=(2, 10)))

    assert (selection.model, selection.evidence) == ("claude-opus-5-5", 32)
    assert selection.confidence is not None
    assert selection.confidence > 0.8


def test_below_the_target_a_cheaper_model_that_is_surely_as_good_is_chosen() -> None:
    selection = chosen(record(opus=(200, 200), haiku=(205, 195)))

    assert selection.model == "claude-haiku-5-5"
    assert "at most 5% less often" in selection.reasons[0]


def test_a_dearer_model_is_chosen_only_where_the_default_misses_the_target() -> None:
    policy = SelectionPolicy(default_model="claude-haiku-5-5", min_evidence=8)

    misses = chosen(record(haiku=(5, 25), sonnet=(25, 5)), policy=policy)
    reaches = chosen(record(haiku=(28, 2), sonnet=(30, 0)), policy=policy)

    assert (misses.model, reaches.model) == ("claude-sonnet-5-5", "claude-haiku-5-5")


def test_eight_failures_move_the_selection_as_much_as_eight_successes() -> None:
    policy = SelectionPolicy(default_model="claude-opus-5-5", min_evidence=8, target_success=0.5)
    before = record(haiku=(4, 4))

    up = chosen(before.add_all(_eight(1.0)), policy=policy)
    down = chosen(before.add_all(_eight(0.0)), policy=policy)
    back = chosen(before.add_all(_eight(1.0)).add_all(_eight(0.0)), policy=policy)
    start = chosen(before, policy=policy)

    assert (start.model, up.model, down.model, back.model) == (
        "claude-opus-5-5",
        "claude-haiku-5-5",
        "claude-opus-5-5",
        "claude-opus-5-5",
    )


def test_eight_failures_lower_a_confidence_by_what_eight_successes_raise_it() -> None:
    policy = SelectionPolicy(default_model="claude-haiku-5-5", min_evidence=8, target_success=0.5)
    before = record(haiku=(10, 10))

    start = chosen(before, policy=policy).confidence
    up = chosen(before.add_all(_eight(1.0)), policy=policy).confidence
    down = chosen(before.add_all(_eight(0.0)), policy=policy).confidence

    assert start is not None
    assert up is not None
    assert down is not None
    assert up - start == pytest.approx(start - down, abs=1e-9)
    assert up - start > 0.2


def _eight(probability: float) -> list[Observation]:
    label = Label.SUCCESS if probability > 0.5 else Label.FAILURE
    key = TallyKey(project_id=1, kind="main", model="claude-haiku-5-5")
    return [Observation(key=key, judgement=Judgement(label=label, probability=probability))] * 8


def test_thirty_identical_questions_get_one_answer() -> None:
    tallies = record(haiku=(30, 4), opus=(20, 3))

    answers = {repr(chosen(tallies)) for _ in range(30)}

    assert len(answers) == 1


def test_the_order_of_candidates_and_similar_tasks_changes_nothing() -> None:
    tallies = record(haiku=(30, 1), sonnet=(30, 1))
    likes = [
        SimilarTask(duration_s=float(n), model="claude-haiku-5-5", probability=0.9, strategy="test-first")
        for n in range(9)
    ]

    forwards = select(REQUEST, ALL, tallies, likes, POLICY)
    backwards = select(REQUEST, tuple(reversed(ALL)), tallies, list(reversed(likes)), POLICY)

    assert forwards == backwards


def test_a_subagent_only_gets_an_alias_that_its_host_takes() -> None:
    request = SelectionRequest(project_id=1, host="claude-code", kind="main", subagent=True)
    tallies = record(haiku=(30, 1), **{"opus-4-5": (50, 0)})

    restricted = select(request, (*ALL, LEGACY), tallies, (), POLICY)
    free = select(REQUEST, (*ALL, LEGACY), tallies, (), POLICY)

    assert restricted.alias == "haiku"
    assert free.model == "claude-opus-4-5"


def test_models_of_other_hosts_are_no_candidates() -> None:
    selection = select(SelectionRequest(project_id=1, host="codex"), ALL, record(haiku=(40, 0)), (), POLICY)

    assert selection.model == "gpt-6.2-sol"
    assert "does not run on codex" in selection.reasons[1]


def test_where_the_default_does_not_run_the_running_model_stands_in() -> None:
    luna = Candidate(name="gpt-6-luna", host="codex", tier="small", price_in=0.1, price_out=0.5)
    request = SelectionRequest(project_id=1, host="codex", running_model="gpt-6-luna-2026-09-22")

    assert select(request, (*ALL, luna), Tallies(), (), POLICY).model == "gpt-6-luna"


def test_a_default_that_is_nowhere_listed_is_an_error_that_says_what_to_change() -> None:
    policy = SelectionPolicy(default_model="gone")

    with pytest.raises(ValueError, match=r"'gone' is not in the list of models.*selection\.default_model"):
        select(SelectionRequest(project_id=1, host="gemini"), ALL, Tallies(), (), policy)


def test_the_record_of_a_dated_id_is_that_of_its_model() -> None:
    dated = Candidate(
        name="claude-haiku-5-5-20261007",
        host="claude-code",
        alias="haiku",
        tier="small",
        price_in=0.1,
        price_out=0.5,
    )

    assert select(REQUEST, (OPUS, dated), record(haiku=(30, 1)), (), POLICY).model == dated.name


def test_estimates_are_quantiles_of_similar_tasks_on_the_same_model() -> None:
    likes = [SimilarTask(duration_s=float(n), cost_usd=n / 10, model="claude-opus-5-5") for n in range(1, 12)]
    likes += [SimilarTask(duration_s=9_999.0, cost_usd=999.0, model="claude-haiku-5-5")]

    selection = select(REQUEST, ALL, Tallies(), likes, POLICY)

    assert selection.duration_s == Estimate(p50=6.0, p90=10.0, n=11)
    assert selection.cost_usd is not None
    assert (selection.cost_usd.p50, selection.cost_usd.p90) == pytest.approx((0.6, 1.0))


def test_two_similar_tasks_give_no_estimate() -> None:
    likes = [SimilarTask(duration_s=5.0, cost_usd=0.5, model="claude-opus-5-5")] * 2

    selection = select(REQUEST, ALL, Tallies(), likes, POLICY)

    assert (selection.duration_s, selection.cost_usd) == (None, None)


def test_a_duration_from_other_models_is_said_to_be_one_and_a_cost_is_not_given() -> None:
    likes = [SimilarTask(duration_s=5.0, cost_usd=0.5, model="claude-haiku-5-5")] * 4

    selection = select(REQUEST, ALL, Tallies(), likes, POLICY)

    assert selection.duration_s == Estimate(p50=5.0, p90=5.0, n=4)
    assert selection.cost_usd is None
    assert selection.reasons[-1] == "The duration is that of similar tasks on other models."


def test_the_strategy_comes_from_similar_tasks() -> None:
    likes = [SimilarTask(duration_s=5.0, model="m", probability=0.95, strategy="test-first")] * 6

    selection = select(REQUEST, ALL, Tallies(), likes, POLICY)

    assert selection.strategy == "test-first"
    assert any("6 of 6 similar tasks" in reason for reason in selection.reasons)
