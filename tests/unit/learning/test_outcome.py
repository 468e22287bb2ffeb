from __future__ import annotations

from typing import Any

import pytest

from reasoningbank_daemon.learning.outcome import gather, judge, next_prompt_evidence
from reasoningbank_daemon.learning.trajectory import (
    Evidence,
    EvidenceKind,
    Judgement,
    Label,
    Step,
    StepKind,
    Trajectory,
    Turn,
)


def edit(at: int, path: str = "src/a.py", **given: Any) -> Step:
    return Step(kind=StepKind.EDIT, at_ns=at, path=path, ok=True, **given)


def command(at: int, line: str, status: int | None = 0, output: str = "", **given: Any) -> Step:
    return Step(kind=StepKind.COMMAND, at_ns=at, command=line, exit_status=status, output=output, **given)


def turn(prompt: str = "Fix the bug", started: int = 0, ended: int | None = 1_000, **given: Any) -> Turn:
    return Turn(prompt=prompt, started_ns=started, ended_ns=ended, **given)


def task(*steps: Step, turns: tuple[Turn, ...] = (turn(),), **given: Any) -> Trajectory:
    return Trajectory(
        task_id=1,
        goal="Fix the bug",
        project_id=1,
        host="claude-code",
        started_ns=0,
        steps=steps,
        turns=turns,
        **given,
    )


def judged(*steps: Step, **given: Any) -> Judgement:
    return judge(gather(task(*steps, **given)))


def chance(judgement: Judgement) -> float:
    assert judgement.probability is not None
    return judgement.probability


def kinds(*steps: Step, **given: Any) -> list[EvidenceKind]:
    return [item.kind for item in gather(task(*steps, **given))]


def test_a_task_that_only_ended_is_unknown_without_a_probability() -> None:
    assert judged() == Judgement(label=Label.UNKNOWN, probability=None)


def test_edits_without_a_check_are_no_evidence() -> None:
    assert judged(edit(1), edit(2), command(3, "ls")) == Judgement(label=Label.UNKNOWN, probability=None)


def test_tests_that_pass_after_the_last_edit_make_a_success() -> None:
    judgement = judged(edit(1), command(2, "pytest -q", 0))

    assert judgement.label is Label.SUCCESS
    assert "pytest passed (exit status 0)" in judgement.evidence[0].detail


def test_tests_that_fail_after_the_last_edit_make_a_failure() -> None:
    assert judged(edit(1), command(2, "pytest -q", 1)).label is Label.FAILURE


def test_checks_before_the_last_edit_do_not_count() -> None:
    assert judged(command(1, "pytest", 0), edit(2)).probability is None


def test_an_edit_of_prose_leaves_what_the_tests_said() -> None:
    assert judged(edit(1), command(2, "pytest", 0), edit(3, "CHANGELOG.md")).label is Label.SUCCESS


def test_a_command_that_writes_files_is_an_edit() -> None:
    assert judged(command(1, "pytest", 0), command(2, "sed -i s/a/b/ src/a.py", 0)).probability is None


def test_the_last_run_of_a_check_counts() -> None:
    recovered = judged(edit(1), command(2, "pytest", 1), command(3, "pytest", 0))
    relapsed = judged(edit(1), command(2, "pytest", 0), command(3, "pytest", 1))

    assert (recovered.label, relapsed.label) == (Label.SUCCESS, Label.FAILURE)


def test_a_narrower_passing_run_does_not_wipe_out_a_failing_one() -> None:
    narrowed = judged(edit(1), command(2, "pytest", 1), command(3, "pytest tests/test_a.py", 0))
    clean = judged(edit(1), command(2, "pytest tests/test_a.py", 0))

    assert chance(narrowed) < chance(clean)


def test_a_linter_alone_makes_no_success() -> None:
    judgement = judged(edit(1), command(2, "ruff check .", 0))

    assert judgement.label is Label.UNKNOWN
    assert 0.5 < chance(judgement) < 0.7


def test_failing_tests_are_not_outweighed_by_a_passing_build_and_linter() -> None:
    steps = (edit(1), command(2, "ruff check .", 0), command(3, "npm run build", 0), command(4, "pytest", 1))

    assert judged(*steps).label is Label.FAILURE


def test_a_hidden_status_is_replaced_by_the_output() -> None:
    failing = judged(edit(1), command(2, "pytest 2>&1 | tail -3", 0, "1 failed, 3 passed in 0.1s"))
    passing = judged(edit(1), command(2, "pytest || true", 0, "4 passed in 0.1s"))

    assert (failing.label, passing.label) == (Label.FAILURE, Label.SUCCESS)


def test_a_check_in_a_task_without_edits_says_little() -> None:
    judgement = judged(command(1, "pytest", 1))

    assert judgement.label is Label.UNKNOWN
    assert judgement.probability is not None


def test_a_failed_command_at_the_end_is_evidence_and_a_later_success_resolves_it() -> None:
    assert kinds(command(1, "npm install left-pad", 1)) == [EvidenceKind.TOOL_FAILURES]
    assert kinds(command(1, "npm install left-pad", 1), command(2, "npm install left-pad", 0)) == []


@pytest.mark.parametrize("line", ["grep -rn foo .", "ls missing", "git diff --quiet", "cd src && test -f x"])
def test_a_command_that_only_looked_cannot_fail_a_task(line: str) -> None:
    assert kinds(command(1, line, 1)) == []


def test_an_edit_left_broken_speaks_against_success_and_a_repair_takes_that_back() -> None:
    broken = judged(edit(1, verdict="broken"))
    repaired = judged(edit(1, verdict="broken"), edit(2, verdict="better"))

    assert broken.label is Label.FAILURE
    assert repaired.probability is None


def test_an_interrupted_last_turn_is_a_failure() -> None:
    assert judged(edit(1), command(2, "pytest", None, interrupted=True)).label is Label.FAILURE


def test_a_turn_that_died_is_a_failure_with_its_reason() -> None:
    judgement = judged(turns=(turn(error="overloaded"),))

    assert judgement.label is Label.FAILURE
    assert "overloaded" in judgement.evidence[0].detail


def test_a_turn_that_never_ended_before_the_task_was_closed_is_abandoned() -> None:
    assert kinds(edit(1), turns=(turn(ended=None),), closed_by="session_end") == [EvidenceKind.INTERRUPTED]
    assert kinds(edit(1), turns=(turn(ended=None),)) == []


def test_a_correction_at_the_end_outweighs_passing_tests() -> None:
    steps = (edit(1), command(2, "pytest", 0))
    corrected = judged(*steps, turns=(turn(), turn("no, that still crashes", started=10, ended=20)))

    assert judged(*steps).label is Label.SUCCESS
    assert chance(corrected) < 0.5


def test_a_correction_that_was_worked_on_weighs_less() -> None:
    turns = (turn(), turn("no, that still crashes", started=10, ended=100))

    at_the_end = judged(edit(1), command(2, "pytest", 0), turns=turns)
    worked_on = judged(edit(1), edit(20), command(30, "pytest", 0), turns=turns)

    assert worked_on.label is Label.SUCCESS
    assert chance(at_the_end) < chance(worked_on)


def test_stated_evidence_takes_part() -> None:
    reverted = Evidence(kind=EvidenceKind.COMMIT_REVERTED, at_ns=99, value=-1.0, detail="reverted")

    assert judged(edit(1), command(2, "pytest", 0), stated=(reverted,)).label is not Label.SUCCESS


def test_the_latest_feedback_counts() -> None:
    good = Evidence(kind=EvidenceKind.FEEDBACK, at_ns=1, value=1.0)
    bad = Evidence(kind=EvidenceKind.FEEDBACK, at_ns=2, value=-1.0)

    assert judge([good, bad]).label is Label.FAILURE
    assert judge([bad, good]).label is Label.FAILURE
    assert judge([good]).label is Label.SUCCESS


def test_evidence_that_says_nothing_is_no_evidence() -> None:
    nothing = Evidence(kind=EvidenceKind.STATEMENT, at_ns=1, value=0.0)
    not_a_number = Evidence(kind=EvidenceKind.STATEMENT, at_ns=1, value=float("nan"))

    assert judge([nothing, not_a_number]) == Judgement(label=Label.UNKNOWN, probability=None)


def test_gathered_evidence_comes_by_time_whatever_the_order_of_the_steps() -> None:
    steps = (edit(1, verdict="worse"), command(2, "pytest", 0), command(3, "npm ci", 1))

    assert gather(task(*steps)) == gather(task(*reversed(steps)))


@pytest.mark.parametrize(
    ("prompt", "sign"),
    [("thanks, works", 1), ("still fails", -1), ("revert that", -1), ("no, I meant the other one", -1)],
)
def test_the_next_prompt_approves_or_corrects(prompt: str, sign: int) -> None:
    evidence = next_prompt_evidence(prompt, 7)

    assert evidence is not None
    assert (evidence.kind, evidence.at_ns, evidence.value > 0) == (EvidenceKind.NEXT_PROMPT, 7, sign > 0)


def test_a_new_request_says_nothing() -> None:
    assert next_prompt_evidence("write a readme", 7) is None


def test_faults_named_with_a_new_goal_are_not_the_old_tasks() -> None:
    prompt = "the tests are failing on windows since Monday, find out why"

    assert next_prompt_evidence(prompt, 7) is not None
    assert next_prompt_evidence(prompt, 7, joins=False) is None


def test_thanks_before_a_new_goal_still_approve() -> None:
    evidence = next_prompt_evidence("Perfect, that fixed it. New feature: dark mode", 7, joins=False)

    assert evidence is not None
    assert evidence.value > 0
