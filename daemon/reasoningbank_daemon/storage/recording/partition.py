"""Which turns of a session make one task: a function of the turns alone, whatever order they arrived in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from reasoningbank_daemon.learning.goals import GoalDecision, OpenGoal
from reasoningbank_daemon.storage.recording.tasks import IDLE, NEW_GOAL, SESSION_END

Continues = Callable[[str | None, OpenGoal, int], GoalDecision]

FILES_SEEN = 50
"""How many of a task's files, in the order of their first use, the rule that joins prompts is shown."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what counts of one turn: ``last_ns`` is its last activity, ``prompt`` None while it has not arrived."""

    turn_id: int
    started_ns: int
    last_ns: int
    prompt: str | None
    latest_prompt: str | None = None  # where a whole task is seen as one turn: its last prompt
    last_message: str = ""
    files: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the turns of one task; ``closed_by`` is None for the last group, which may still be open."""

    members: tuple[Member, ...]
    closed_by: str | None


def partition(members: Sequence[Member], ends: Sequence[int], continues: Continues) -> tuple[Group, ...]:
    """Group the turns of a session, given in the order of time, into tasks."""
    groups: list[Group] = []
    current: list[Member] = []
    so_far: Member | None = None
    for member in members:
        reason = None if so_far is None else boundary(so_far, member, ends, continues)
        if reason is not None:
            groups.append(Group(members=tuple(current), closed_by=reason))
            current, so_far = [], None
        current.append(member)
        so_far = member if so_far is None else _joined(so_far, member)
    if current:
        groups.append(Group(members=tuple(current), closed_by=None))
    return tuple(groups)


def boundary(so_far: Member, member: Member, ends: Sequence[int], continues: Continues) -> str | None:
    """Say why a turn begins a new task, None when it joins the current one.

    ``so_far`` is the whole task seen as one turn: the last one's id and beginning, the first and the latest prompt.
    """
    if any(so_far.started_ns < end <= member.started_ns for end in ends):
        return SESSION_END
    goal = OpenGoal(
        goal=so_far.prompt or "",
        last_prompt=_latest(so_far) or "",
        last_event_ns=min(so_far.last_ns, member.started_ns),
        files=_first_files(so_far.files),
        last_message=so_far.last_message,
    )
    decision = continues(member.prompt, goal, member.started_ns)
    if decision.joins:
        return None
    return IDLE if decision.rule == IDLE else NEW_GOAL


def _joined(task: Member, turn: Member) -> Member:
    """See a task and the turn that joins it as one turn again."""
    return Member(
        turn_id=turn.turn_id,
        started_ns=turn.started_ns,
        last_ns=max(task.last_ns, turn.last_ns),
        prompt=turn.prompt if task.prompt is None else task.prompt,
        latest_prompt=_latest(task) if turn.prompt is None else turn.prompt,
        last_message=turn.last_message,
        files=_first_files((*task.files, *turn.files)),
    )


def _latest(task: Member) -> str | None:
    return task.prompt if task.latest_prompt is None else task.latest_prompt


def _first_files(files: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(files))[:FILES_SEEN]
