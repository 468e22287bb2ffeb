from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reasoningbank_daemon.learning.goals import IDLE_NS, GoalDecision, OpenGoal, continues

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "fixtures" / "goals.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
SECOND_NS = 1_000_000_000


def decide(pair: dict[str, Any]) -> GoalDecision:
    goal = OpenGoal(
        goal=pair["goal"],
        last_prompt=pair.get("last_prompt", pair["goal"]),
        last_event_ns=0,
        files=tuple(pair.get("files", ())),
        last_message=pair.get("last_message", ""),
    )
    return continues(pair["prompt"], goal, now_ns=pair.get("idle_s", 40) * SECOND_NS)


def opened(goal: str = "Add pagination to the /users endpoint", **given: Any) -> OpenGoal:
    return OpenGoal(goal=goal, last_prompt=goal, last_event_ns=0, **given)


@pytest.mark.parametrize(("split", "at_least", "accuracy"), [("tuned", 100, 0.95), ("held_out", 40, 0.9)])
def test_labelled_prompts_are_joined_as_people_would(split: str, at_least: int, accuracy: float) -> None:
    pairs = [pair for pair in PAIRS if pair["split"] == split]

    wrong = [(pair["goal"], pair["prompt"]) for pair in pairs if decide(pair).joins != pair["joins"]]

    assert len(pairs) >= at_least
    assert 1 - len(wrong) / len(pairs) >= accuracy, wrong


def test_both_answers_are_well_represented_among_the_labelled_prompts() -> None:
    joining = sum(pair["joins"] for pair in PAIRS)

    assert 0.4 <= joining / len(PAIRS) <= 0.6


@pytest.mark.parametrize(
    ("prompt", "rule"),
    [
        ("yes", "acknowledgement"),
        ("👍", "acknowledgement"),
        ("still fails with the same error", "correction"),
        ("revert that please", "correction"),
        ("commit this", "workflow"),
        ("now fix the test", "workflow"),
        ("please fix the failing test", "points_back"),
        ("why did you use an offset here?", "about_the_work"),
        ("rename `page_size` in src/api/users.py", "shared_names"),
    ],
)
def test_a_decided_prompt_names_the_rule_that_joined_it(prompt: str, rule: str) -> None:
    decision = continues(prompt, opened(files=("src/api/users.py",)), now_ns=SECOND_NS)

    assert decision == GoalDecision(joins=True, rule=rule)


@pytest.mark.parametrize(
    ("prompt", "rule"),
    [
        ("Next task: translate the terms of service", "new_goal_words"),
        ("never mind that, write a script which renames all my photos instead", "abandonment"),
    ],
)
def test_explicit_words_start_a_new_goal(prompt: str, rule: str) -> None:
    decision = continues(prompt, opened(), now_ns=SECOND_NS)

    assert decision == GoalDecision(joins=False, rule=rule)


@pytest.mark.parametrize(("idle_ns", "joins"), [(IDLE_NS - 1, True), (IDLE_NS, False)])
def test_thirty_idle_minutes_close_the_task_whatever_is_said(idle_ns: int, *, joins: bool) -> None:
    decision = continues("continue", opened(), now_ns=idle_ns)

    assert decision.joins is joins


def test_a_reply_to_the_agents_question_joins() -> None:
    asking = opened(last_message="Both work. Which database do you want to use, and where does it run?")

    decision = continues(
        "MySQL on the staging host, user reports, schema analytics", asking, now_ns=SECOND_NS
    )

    assert decision.joins


def test_an_empty_prompt_joins() -> None:
    assert continues("", opened(), now_ns=SECOND_NS).joins


def test_a_prompt_of_fifty_megabytes_is_decided_from_its_beginning() -> None:
    prompt = "Next task: write a parser for MT940 " + "x/" * 25_000_000

    decision = continues(prompt, opened(), now_ns=SECOND_NS)

    assert decision.rule == "new_goal_words"
