"""The learning rules that the store applies at the moments when a record asks for one."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from reasoningbank_daemon.learning.goals import GoalDecision, OpenGoal
from reasoningbank_daemon.learning.trajectory import Evidence, Judgement, Lesson, Trajectory


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the rules as functions of values; the store calls them, and knows nothing of how they decide.

    ``continues`` gets a prompt (None: not arrived yet), the open task and the prompt's time. ``react`` gets the
    prompt that followed a task, and its time, and returns what it says about that task. ``gather`` finds the
    evidence in a trajectory, ``judge`` weighs it, ``tell`` puts a judged trajectory into words, None when it has
    nothing to tell. ``name_strategy`` says how a task was worked on.
    ``document`` is what the lexical index holds of a task that told something.
    """

    continues: Callable[[str | None, OpenGoal, int], GoalDecision]
    react: Callable[[str, int], Evidence | None]
    gather: Callable[[Trajectory], tuple[Evidence, ...]]
    judge: Callable[[tuple[Evidence, ...]], Judgement]
    tell: Callable[[Trajectory, Judgement], Lesson | None]
    name_strategy: Callable[[Trajectory], str]
    document: Callable[[Trajectory, Lesson], str]
