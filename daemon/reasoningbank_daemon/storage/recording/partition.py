"""Which turns of a session make one task: a function of the turns alone, whatever order they arrived in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from reasoningbank_daemon.learning.goals import GoalDecision, OpenGoal
from reasoningbank_daemon.storage.recording.tasks import IDLE, NEW_GOAL, SESSION_END

Continues = Callable[[str | None, OpenGoal, int], GoalDecision]


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
    for member in members:
        if current:
            reason = boundary(current, member, ends, continues)
            if reason is not None:
                groups.append(Group(members=tuple(current), closed_by=reason))
                current = []
        current.append(member)
    if current:
        groups.append(Group(members=tuple(current), closed_by=None))
    return tuple(groups)


def boundary(
    current: Sequence[Member], member: Member, ends: Sequence[int], continues: Continues
) -> str | None:
    """Say why a turn begins a new task, None when it joins the current one."""
    last = current[-1]
    if any(last.started_ns < end <= member.started_ns for end in ends):
        return SESSION_END
    last_event_ns = max(min(turn.last_ns, member.started_ns) for turn in current)
    prompts = [turn.prompt for turn in current if turn.prompt is not None]
    goal = OpenGoal(
        goal=prompts[0] if prompts else "",
        last_prompt=last.latest_prompt or (prompts[-1] if prompts else ""),
        last_event_ns=last_event_ns,
        files=tuple(dict.fromkeys(file for turn in current for file in turn.files)),
        last_message=last.last_message,
    )
    decision = continues(member.prompt, goal, member.started_ns)
    if decision.joins:
        return None
    return IDLE if decision.rule == IDLE else NEW_GOAL
