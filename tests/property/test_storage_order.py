"""Spooled events arrive late and in any order: the bank must be the one that the order of time would have made."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from rbtest.bank import MINUTE_NS, Bank, Play, picture

from reasoningbank_daemon.storage.records import EventRecord

PROMPTS = (
    "Add retry logic to the HTTP client in client/http.py",
    "yes, continue",
    "now fix the failing test in tests/test_http.py",
    "Write a migration that adds a country column to the customers table",
    "thanks, that works",
    "no, that is still broken",
    "Document the release process in docs/release.md",
)


@st.composite
def sessions(draw: st.DrawFn, *, keyed: bool) -> list[EventRecord]:
    """Draw a session in the order of time."""
    play = Play(keyed=keyed)
    events = []
    for number in range(draw(st.integers(1, 4))):
        play.wait(draw(st.sampled_from((5, 60, 600, 2400))))
        events.append(play.prompt(draw(st.sampled_from(PROMPTS))))
        for step in range(draw(st.integers(0, 3))):
            play.wait(draw(st.sampled_from((1, 20, 400))))
            kind = draw(st.sampled_from(("edit", "run", "agent")))
            if kind == "edit":
                events.append(play.edit(f"client/mod{number}.py", after=f"x = {step}\n"))
            elif kind == "run" or not keyed:
                events.append(play.run("pytest -q", status=draw(st.sampled_from((0, 1)))))
            else:
                agent, call = f"a{number}{step}", f"toolu_{number}{step}"
                events += [
                    play.ask_subagent(call, f"look into part {number}{step}"),
                    play.start_subagent(agent),
                    play.edit(f"sub{number}.py", agent_id=agent),
                    play.stop_subagent(agent),
                    play.return_subagent(call, agent),
                ]
        if draw(st.booleans()):
            events.append(play.stop())
        if draw(st.sampled_from((False, False, False, True))):
            events.append(play.end())
    return events


def _bank_of(events: list[EventRecord], *, groups: list[int]) -> list[dict[str, object]]:
    """Write events in groups of the given sizes, then let all that is idle be closed."""
    with tempfile.TemporaryDirectory() as folder:
        bank = Bank(Path(folder) / "memory.db")
        position = 0
        for size in (*groups, len(events)):
            if position < len(events):
                bank.write(*events[position : position + size])
            position += size
        bank.sweep(max(event.at_ns for event in events) + 31 * MINUTE_NS)
        found = picture(bank)
        assert bank.value("PRAGMA integrity_check") == "ok"
        assert bank.rows("PRAGMA foreign_key_check") == []
        bank.close()
    return found


@settings(max_examples=120)
@given(st.data())
def test_any_order_of_arrival_gives_the_bank_of_the_order_of_time(data: st.DataObject) -> None:
    events = data.draw(sessions(keyed=True))
    shuffled = data.draw(st.permutations(events))
    groups = data.draw(st.lists(st.integers(1, 4), max_size=8))

    in_order = _bank_of(events, groups=[1] * len(events))
    as_arrived = _bank_of(shuffled, groups=groups)

    assert as_arrived == in_order


@settings(max_examples=60)
@given(st.data())
def test_late_prompts_of_a_host_without_turn_ids_take_their_steps(data: st.DataObject) -> None:
    events = data.draw(sessions(keyed=False))
    late = data.draw(st.sets(st.integers(0, len(events) - 1), max_size=2))
    arrival = [event for place, event in enumerate(events) if place not in late] + [
        events[i] for i in sorted(late)
    ]

    in_order = _bank_of(events, groups=[1] * len(events))
    as_arrived = _bank_of(arrival, groups=[1] * len(events))

    steps = sorted(step for task in in_order for step in task["steps"])  # type: ignore[attr-defined]
    assert sorted(step for task in as_arrived for step in task["steps"]) == steps  # type: ignore[attr-defined]


@settings(max_examples=60)
@given(st.data())
def test_copies_change_nothing(data: st.DataObject) -> None:
    events = data.draw(sessions(keyed=True))
    copies = data.draw(st.lists(st.sampled_from(events), max_size=5))

    once = _bank_of(events, groups=[2] * len(events))
    twice = _bank_of(events + copies, groups=[2] * len(events))

    assert twice == once
