"""Judge how a task ended, from evidence, and never by default.

`gather` finds the evidence in a trajectory, `judge` adds it up. The weights are priors: they were set by hand from
what each kind of evidence is worth beside the others, not fitted to outcomes (``docs/outcomes.md``). Without
evidence the judgement is ``unknown`` with no probability.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from reasoningbank_daemon.learning.checks import Check, CheckKind, checks_in
from reasoningbank_daemon.learning.failures import tool_failures
from reasoningbank_daemon.learning.reactions import Reaction, read_reaction
from reasoningbank_daemon.learning.steps import changes_files, in_order, is_prose
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

WEIGHTS: Final = {
    EvidenceKind.CHECK: 2.2,
    EvidenceKind.TOOL_FAILURES: 1.2,
    EvidenceKind.VERDICT: 1.5,
    EvidenceKind.INTERRUPTED: 1.0,
    EvidenceKind.TURN_ERROR: 1.5,
    EvidenceKind.NEXT_PROMPT: 3.0,
    EvidenceKind.COMMIT_KEPT: 1.5,
    EvidenceKind.COMMIT_REVERTED: 3.0,
    EvidenceKind.STATEMENT: 2.0,
    EvidenceKind.FEEDBACK: 5.0,
}
"""Log-odds that evidence of value 1 (or -1) adds: priors, not fitted."""

SUCCESS_FROM: Final = 0.7
FAILURE_TO: Final = 0.3

_LATEST_COUNTS = frozenset((EvidenceKind.STATEMENT, EvidenceKind.FEEDBACK))
"""Kinds in which somebody may change their mind: the latest one counts."""

_PASSED = {CheckKind.TEST: 1.0, CheckKind.BUILD: 0.7, CheckKind.TYPES: 0.6, CheckKind.LINT: 0.35}
_FAILED = {CheckKind.TEST: -1.0, CheckKind.BUILD: -1.0, CheckKind.TYPES: -0.7, CheckKind.LINT: -0.5}
_WITHOUT_EDIT = 0.3
"""What a check is worth in a task that changed nothing: running it may have been all that was asked."""
_OTHER_STILL_FAILS = 0.5
"""What a passed check is worth after another one of its kind failed and was never seen to pass."""
_VERDICTS = {"broken": -1.0, "worse": -0.4}
_SUPERSEDED = 0.25
"""What a correction or an approval within a task is worth once work has gone on after it."""


def gather(trajectory: Trajectory) -> tuple[Evidence, ...]:
    """Find what speaks for or against a task's success.

    Returns
    -------
    tuple[Evidence, ...]
        By time. Empty when nothing does: a task that only ended is neither a success nor a failure.
    """
    steps = in_order(trajectory.steps)
    found = [
        *_from_checks(steps),
        *tool_failures(steps),
        *_from_verdicts(steps),
        *_from_turns(trajectory, steps),
        *trajectory.stated,
    ]
    return tuple(sorted(found, key=_by_time))


def judge(evidence: Iterable[Evidence]) -> Judgement:
    """Add evidence up to a probability of success.

    Parameters
    ----------
    evidence
        In any order; its order changes nothing.

    Returns
    -------
    Judgement
        ``unknown`` with probability None without evidence, ``unknown`` with its probability between 0.3 and 0.7.

    Notes
    -----
    ``logit p = sum over kinds of weight x combined value``. Values of one kind combine by noisy-or on each side
    (``1 - prod(1 - |v|)``), then ``pos + neg + pos * neg`` (neg <= 0): a full failure can't be outweighed by its own
    kind. Raising any value never lowers the probability.

    Examples
    --------
    >>> judge(()).label.value, judge(()).probability
    ('unknown', None)
    >>> tests = Evidence(kind=EvidenceKind.CHECK, at_ns=0, value=1.0)
    >>> judgement = judge([tests])
    >>> judgement.label.value, round(judgement.probability, 2)
    ('success', 0.9)
    """
    ordered = tuple(sorted((item for item in evidence if _counts(item)), key=_by_time))
    if not ordered:
        return Judgement(label=Label.UNKNOWN, probability=None)
    logit = math.fsum(WEIGHTS[kind] * _combined(kind, ordered) for kind in EvidenceKind)
    probability = 1.0 / (1.0 + math.exp(-logit))
    label = Label.UNKNOWN
    if probability >= SUCCESS_FROM:
        label = Label.SUCCESS
    elif probability <= FAILURE_TO:
        label = Label.FAILURE
    return Judgement(label=label, probability=probability, evidence=ordered)


def next_prompt_evidence(prompt: str, at_ns: int, *, joins: bool = True) -> Evidence | None:
    """Return what a prompt says about the task before it, None when nothing.

    Parameters
    ----------
    prompt
        What the user wrote next.
    joins
        Whether it goes on with the task (`goals.continues`). A prompt that starts a new goal can approve of the
        old one, revert it or give it up; faults that it names are not the old task's.
    """
    reading = read_reaction(prompt)
    value = {
        Reaction.APPROVES: reading.strength,
        Reaction.CORRECTS: -reading.strength if joins else 0.0,
        Reaction.REVERTS: -reading.strength,
        Reaction.ABANDONS: -reading.strength,
        Reaction.NONE: 0.0,
    }[reading.reaction]
    if value == 0.0:
        return None
    detail = f'the next prompt {reading.reaction.value}: "{reading.words}"'
    return Evidence(kind=EvidenceKind.NEXT_PROMPT, at_ns=at_ns, value=value, detail=detail)


def _counts(item: Evidence) -> bool:
    return item.value != 0.0 and not math.isnan(item.value)


def _by_time(item: Evidence) -> tuple[int, str, float, str]:
    return (item.at_ns, item.kind.value, item.value, item.detail)


def _combined(kind: EvidenceKind, evidence: tuple[Evidence, ...]) -> float:
    items = [item for item in evidence if item.kind is kind]
    if not items:
        return 0.0
    if kind in _LATEST_COUNTS:
        latest = max(item.at_ns for item in items)
        return min(_clamped(item.value) for item in items if item.at_ns == latest)
    values = sorted(_clamped(item.value) for item in items)
    positive = 1.0 - math.prod(1.0 - value for value in values if value > 0.0)
    negative = math.prod(1.0 + value for value in values if value < 0.0) - 1.0
    return positive + negative + positive * negative


def _clamped(value: float) -> float:
    return min(1.0, max(-1.0, value))


def _from_checks(steps: tuple[Step, ...]) -> list[Evidence]:
    """Take the last check of each kind after the last edit."""
    after, edited = _after_last_edit(steps)
    last: dict[CheckKind, tuple[Step, Check]] = {}
    open_failures: dict[CheckKind, set[str]] = {}
    for step in after:
        for check in checks_in(step.command, exit_status=step.exit_status, output=step.output):
            if check.passed is None or step.interrupted:
                continue
            last[check.kind] = (step, check)
            failed = open_failures.setdefault(check.kind, set())
            failed.discard(step.command) if check.passed else failed.add(step.command)
    return [
        _check_evidence(step, check, edited=edited, other_fails=bool(open_failures[kind] - {step.command}))
        for kind, (step, check) in last.items()
    ]


def _check_evidence(step: Step, check: Check, *, edited: bool, other_fails: bool) -> Evidence:
    value = (_PASSED if check.passed else _FAILED)[check.kind]
    detail = f"{check.tool} {'passed' if check.passed else 'failed'} ({check.basis}"
    detail += f": {check.finding})" if check.finding else ")"
    if not edited:
        value *= _WITHOUT_EDIT
        detail += ", nothing was edited"
    elif check.passed and other_fails:
        value *= _OTHER_STILL_FAILS
        detail += ", another one failed before and was not seen to pass"
    return Evidence(kind=EvidenceKind.CHECK, at_ns=step.at_ns, value=value, detail=detail)


def _after_last_edit(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], bool]:
    """Return the commands after the last change of code (of prose, where only prose was changed)."""
    changes = [number for number, step in enumerate(steps) if changes_files(step)]
    of_code = [number for number in changes if not is_prose(steps[number].path)]
    position = (of_code or changes or [-1])[-1]
    after = tuple(step for step in steps[position + 1 :] if step.kind is StepKind.COMMAND)
    if changes and steps[position].kind is StepKind.COMMAND:
        after = (steps[position], *after)  # "sed -i … && pytest": its check comes after its change
    return after, bool(changes)


def _from_verdicts(steps: tuple[Step, ...]) -> list[Evidence]:
    last: dict[str, Step] = {}
    for step in steps:
        if step.kind is StepKind.EDIT and step.verdict is not None:
            last[step.path] = step
    return [
        Evidence(
            kind=EvidenceKind.VERDICT,
            at_ns=step.at_ns,
            value=_VERDICTS[step.verdict],
            detail=f"the last edit of {path} left it {step.verdict}",
        )
        for path, step in sorted(last.items())
        if step.verdict in _VERDICTS
    ]


def _from_turns(trajectory: Trajectory, steps: tuple[Step, ...]) -> list[Evidence]:
    found = []
    for turn in trajectory.turns[1:]:
        reaction = next_prompt_evidence(turn.prompt, turn.started_ns)
        if reaction is not None:
            went_on = any(step.at_ns > turn.started_ns and _is_work(step) for step in steps)
            value = reaction.value * (_SUPERSEDED if went_on else 1.0)
            found.append(msgspec.structs.replace(reaction, value=value))
    if trajectory.turns:
        found += _from_last_turn(trajectory.turns[-1], trajectory, steps)
    return found


def _is_work(step: Step) -> bool:
    return step.kind in {StepKind.EDIT, StepKind.COMMAND, StepKind.SUBAGENT}


def _from_last_turn(turn: Turn, trajectory: Trajectory, steps: tuple[Step, ...]) -> list[Evidence]:
    at_ns = turn.ended_ns if turn.ended_ns is not None else trajectory.ended_ns or turn.started_ns
    if turn.error is not None and "interrupt" not in turn.error:
        detail = f"the last turn ended with {turn.error}"
        return [Evidence(kind=EvidenceKind.TURN_ERROR, at_ns=at_ns, value=-1.0, detail=detail)]
    if turn.error is not None or (steps and steps[-1].interrupted):
        detail = "the user interrupted the last turn"
        return [Evidence(kind=EvidenceKind.INTERRUPTED, at_ns=at_ns, value=-1.0, detail=detail)]
    if turn.ended_ns is None and trajectory.closed_by is not None:
        detail = f"the last turn never ended (the task was closed by {trajectory.closed_by})"
        return [Evidence(kind=EvidenceKind.INTERRUPTED, at_ns=at_ns, value=-0.7, detail=detail)]
    return []
