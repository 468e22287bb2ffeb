"""The sums that SQLite makes over all tasks are those of the learner, task by task."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import apsw
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.learning.tally import Observation, Tallies, TallyKey
from reasoningbank_daemon.learning.trajectory import Judgement, Label
from reasoningbank_daemon.storage.migrations import load_schema
from reasoningbank_daemon.storage.queries.tallies import read_tallies

PROBABILITIES = st.one_of(
    st.none(),
    st.floats(min_value=0, max_value=1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(min_value=0, max_value=2_000_000).map(lambda half: half / 2_000_000),
)
COSTS = st.one_of(st.none(), st.floats(allow_nan=False), st.floats(min_value=0, max_value=5))
DURATIONS_MS = st.one_of(
    st.none(), st.integers(min_value=-(2**63), max_value=2**63 - 1), st.integers(0, 10**6)
)
TASKS = st.tuples(
    st.integers(min_value=1, max_value=3),
    st.sampled_from(["main", "Explore"]),
    st.sampled_from(["small", "large", None]),
    st.one_of(st.none(), st.sampled_from(Label)),
    PROBABILITIES,
    DURATIONS_MS,
    COSTS,
)


def _bank(folder: Path) -> apsw.Connection:
    db = apsw.Connection(str(folder / "memory.db"))
    db.execute(load_schema())
    db.execute("INSERT INTO project (id, key, first_seen_ns) VALUES (1, 'a', 0), (2, 'b', 0), (3, 'c', 0)")
    db.execute(
        "INSERT INTO agent_session (id, host, key, project_id, started_ns, last_event_ns) "
        "VALUES (1, 'h', 's', 1, 0, 0)"
    )
    return db


@given(st.lists(TASKS, max_size=20))
def test_the_sums_of_the_bank_are_the_tallies_of_its_tasks(tasks: list[tuple]) -> None:  # type: ignore[type-arg]  # as TASKS says
    with tempfile.TemporaryDirectory() as folder:
        db = _bank(Path(folder))
        db.executemany(
            "INSERT INTO task (session_id, started_ns, last_event_ns, project_id, kind, model, label, probability, "
            "duration_ms, cost_usd) VALUES (1, 0, 0, ?, ?, ?, ?, ?, ?, ?)",
            [(*task[:3], None if task[3] is None else task[3].value, *task[4:]) for task in tasks],
        )

        sums = Tallies.of_sums(read_tallies(db))

        assert sums == Tallies().add_all(
            Observation(
                key=TallyKey(project_id=project, kind=kind, model=model),
                judgement=Judgement(label=label, probability=probability),
                duration_s=(duration_ms or 0) / 1000,
                cost_usd=cost_usd,
            )
            for project, kind, model, label, probability, duration_ms, cost_usd in tasks
            if label is not None and model is not None
        )
        db.close()


@given(st.lists(st.floats(min_value=0, max_value=1), max_size=10))
def test_sums_may_come_in_parts(chances: list[float]) -> None:
    key = TallyKey(project_id=1, kind="main", model="small")
    seen = [
        Observation(key=key, judgement=Judgement(label=Label.UNKNOWN, probability=chance))
        for chance in chances
    ]
    parts = [(key, Tallies().add(observation).get(key)) for observation in seen]

    assert Tallies.of_sums(parts) == Tallies().add_all(seen)
    assert all(math.isfinite(tally.weight) for _, tally in parts)
