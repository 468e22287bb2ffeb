"""The values that learning works on: what one task was, without a database, a host or a clock."""

from __future__ import annotations

import enum

import msgspec


class StepKind(enum.StrEnum):
    """Name what a step did."""

    EDIT = "edit"
    COMMAND = "command"
    TOOL = "tool"
    SUBAGENT = "subagent"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one step of a task; which fields are set follows from ``kind``.

    ``ok`` is None when nothing tells whether it worked. ``output`` is a tail, already redacted and capped.
    """

    kind: StepKind
    at_ns: int
    ok: bool | None = None
    tool: str = ""
    path: str = ""
    command: str = ""
    exit_status: int | None = None
    output: str = ""
    interrupted: bool = False
    verdict: str | None = None
    duration_ms: int | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one prompt of the user and how its turn ended (``ended_ns`` None: it never did)."""

    prompt: str
    started_ns: int
    ended_ns: int | None = None
    last_message: str = ""
    error: str | None = None


class EvidenceKind(enum.StrEnum):
    """Name what speaks for or against a task's success."""

    CHECK = "check"  # test, build or lint status after the last edit
    TOOL_FAILURES = "tool_failures"
    VERDICT = "verdict"  # edits left broken or worse
    INTERRUPTED = "interrupted"
    TURN_ERROR = "turn_error"
    NEXT_PROMPT = "next_prompt"  # the user corrects or approves
    COMMIT_KEPT = "commit_kept"
    COMMIT_REVERTED = "commit_reverted"
    STATEMENT = "statement"  # the calling program says so
    FEEDBACK = "feedback"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """State one observation about a task: ``value`` in [-1, 1] speaks against or for success."""

    kind: EvidenceKind
    at_ns: int
    value: float
    detail: str = ""


class Label(enum.StrEnum):
    """Name a judgement; ``unknown`` is the judgement of a task without evidence."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a task ended; ``probability`` of success is None without evidence."""

    label: Label
    probability: float | None
    evidence: tuple[Evidence, ...] = ()


class Trajectory(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one task with its context, turns, steps and what was said about it since.

    ``goal`` is the first prompt. ``kind`` is "main" or, for a subagent, its type. ``closed_by`` is None while
    the task is open. ``stated`` is evidence that did not come from the steps (feedback, git, statements).
    ``folder`` is where its session began, "" where that is not known.
    """

    task_id: int
    goal: str
    project_id: int
    host: str
    started_ns: int
    kind: str = "main"
    folder: str = ""
    model: str | None = None
    ended_ns: int | None = None
    closed_by: str | None = None
    turns: tuple[Turn, ...] = ()
    steps: tuple[Step, ...] = ()
    stated: tuple[Evidence, ...] = ()
    cost_usd: float | None = None
    tokens: int | None = None


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a task has to tell another one, as facts: ``text`` at most 1,500 characters."""

    title: str
    text: str
