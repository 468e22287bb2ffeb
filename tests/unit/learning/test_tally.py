from __future__ import annotations

import msgspec
import pytest

from reasoningbank_daemon.learning.tally import ANY_KIND, ANY_PROJECT, Observation, Tallies, Tally, TallyKey
from reasoningbank_daemon.learning.trajectory import Judgement, Label

KEY = TallyKey(project_id=7, kind="main", model="claude-opus-5-5")


def seen(probability: float | None, key: TallyKey = KEY, **known: float | None) -> Observation:
    label = Label.UNKNOWN
    if probability is not None and not 0.3 < probability < 0.7:
        label = Label.SUCCESS if probability >= 0.7 else Label.FAILURE
    return Observation(key=key, judgement=Judgement(label=label, probability=probability), **known)


def test_a_task_counts_for_its_key_for_all_projects_and_for_all_kinds() -> None:
    tallies = Tallies().add(seen(1.0, duration_s=2.5, cost_usd=0.25))

    everywhere = TallyKey(project_id=ANY_PROJECT, kind="main", model=KEY.model)
    expected = Tally(
        seen=1, successes=1, weight_ppm=1_000_000, success_ppm=1_000_000, duration_ms=2_500, timed=1,
        cost_millionths=250_000, priced=1,
    )  # fmt: skip
    assert tallies.get(KEY) == expected
    assert tallies.get(everywhere) == expected
    assert tallies.get(msgspec.structs.replace(everywhere, kind=ANY_KIND)) == expected
    assert tallies.get(msgspec.structs.replace(KEY, project_id=8)) == Tally()


def test_failures_count_as_successes_do() -> None:
    won = Tallies().add_all([seen(0.9)] * 8).get(KEY)
    lost = Tallies().add_all([seen(0.1)] * 8).get(KEY)

    assert (won.successes, lost.failures) == (8, 8)
    assert won.weight == lost.weight
    assert won.success == pytest.approx(lost.weight - lost.success)


@pytest.mark.parametrize("probability", [None, 0.5])
def test_what_is_not_judged_has_no_weight(probability: float | None) -> None:
    tally = Tallies().add(seen(probability)).get(KEY)

    assert (tally.seen, tally.judged, tally.weight) == (1, 0, 0.0)


def test_a_doubtful_judgement_weighs_less_than_a_clear_one() -> None:
    doubtful = Tallies().add(seen(0.7)).get(KEY)
    clear = Tallies().add(seen(0.95)).get(KEY)

    assert 0 < doubtful.weight < clear.weight


def test_a_revised_judgement_leaves_no_trace_of_the_first() -> None:
    before, after = seen(0.9, duration_s=3.0), seen(0.2, duration_s=3.0, cost_usd=0.5)

    revised = Tallies().add(before).revise(before, after)

    assert revised == Tallies().add(after)
    assert revised.remove(after) == Tallies()


def test_what_is_measured_wrongly_is_left_out() -> None:
    tally = Tallies().add(seen(0.9, duration_s=float("nan"), cost_usd=-1.0)).get(KEY)

    assert (tally.timed, tally.priced, tally.duration_ms, tally.cost_millionths) == (0, 0, 0, 0)


def test_tallies_survive_being_written_and_read() -> None:
    tallies = Tallies().add_all([seen(0.9), seen(0.1, TallyKey(project_id=1, kind="Explore", model="m"))])

    assert msgspec.json.decode(msgspec.json.encode(tallies), type=Tallies) == tallies
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(tallies), type=Tallies) == tallies
