"""What is told of tasks after each transaction adds up to the record: the statistics of models live on it alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from rbtest.bank import MINUTE_NS, Bank, Play

from reasoningbank_daemon.learning.tally import Observation, Tallies, TallyKey
from reasoningbank_daemon.learning.trajectory import Judgement, Label
from reasoningbank_daemon.storage.queries.tallies import read_tallies
from reasoningbank_daemon.storage.records import Record, TaskSummary, UsageMessage, UsageRecord

PROMPTS = (
    "Add retries in http.py",
    "no, that is still broken",
    "Write the release notes",
    "thanks, that works",
)
MODELS = ("large", "small")


def _usage(play: Play, number: int, *, model: str, agent_id: str | None) -> UsageRecord:
    used = UsageMessage(
        message_id=f"m{number}", at_ns=play.at_ns, model=model, tokens_output=number, cost_usd=number / 100
    )
    return UsageRecord(
        host="claude-code",
        session_id=play.key,
        path=f"/t/{play.key}-{agent_id}.jsonl",
        byte_offset=number,
        messages=(used,),
        price_list="2026-01",
        agent_id=agent_id,
    )


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    """Draw a session whose subagents tell their model, and whose costs come, after the tasks were judged."""
    play = Play()
    found: list[Record] = []
    costs: list[Record] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        play.cwd = draw(st.sampled_from(("/code/app", "/code/other")))
        play.wait(draw(st.sampled_from((5, 2400))))
        found.append(play.prompt(draw(st.sampled_from(PROMPTS))))
        found.append(play.run("pytest -q", status=draw(st.sampled_from((0, 1)))))
        costs.append(_usage(play, 2 * number, model=draw(st.sampled_from(MODELS)), agent_id=None))
        if draw(st.booleans()):
            agent, call = f"a{number}", f"toolu_{number}"
            found += [
                play.ask_subagent(call, "write the test"),
                play.run("pytest -q", status=0, agent_id=agent),
                play.stop_subagent(agent),
                play.return_subagent(call, agent, model=draw(st.sampled_from(MODELS))),
            ]
            costs.append(_usage(play, 2 * number + 1, model=draw(st.sampled_from(MODELS)), agent_id=agent))
        found.append(play.stop())
    return [*draw(st.permutations(found)), *costs] if draw(st.booleans()) else [*found, *costs]


def _observation(summary: TaskSummary | None) -> list[Observation]:
    if summary is None or summary.model is None:
        return []
    key = TallyKey(project_id=summary.project_id, kind=summary.kind, model=summary.model)
    judgement = Judgement(label=Label(summary.label), probability=summary.probability)
    return [
        Observation(key=key, judgement=judgement, duration_s=summary.duration_s, cost_usd=summary.cost_usd)
    ]


@settings(max_examples=150)
@given(records(), st.lists(st.integers(1, 5), max_size=12))
def test_the_changes_told_of_tasks_add_up_to_the_record(told: list[Record], groups: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bank = Bank(Path(folder) / "memory.db")
        position = 0
        for size in (*groups, len(told)):
            bank.write(*told[position : position + size])
            position += size
        bank.sweep(max(getattr(record, "at_ns", 0) for record in told) + 31 * MINUTE_NS)
        followed = Tallies()
        for change in (change for effects in bank.effects for change in effects.tasks):
            for seen in _observation(change.before):
                followed = followed.remove(seen)
            for seen in _observation(change.after):
                followed = followed.add(seen)
        recorded = Tallies.of_sums(read_tallies(bank.db))
        bank.close()

    assert followed == recorded
