"""Read one task back as the value that learning works on."""

from __future__ import annotations

import apsw

from reasoningbank_daemon.learning.trajectory import (
    Evidence,
    EvidenceKind,
    Step,
    StepKind,
    Trajectory,
    Turn,
)
from reasoningbank_daemon.storage.compression import unpack_optional

STEP_KINDS = (StepKind.EDIT, StepKind.COMMAND, StepKind.TOOL, StepKind.SUBAGENT)
"""A step's kind is stored as its place here."""

VERDICTS = ("broken", "worse", "same", "better")
"""A verdict's label is stored as its place here."""


def read_trajectory(db: apsw.Connection, task_id: int) -> Trajectory | None:
    """Return a task with its turns, its steps in the order of time, and what was stated about it."""
    row = db.execute(
        "SELECT t.project_id, s.host, t.kind, t.model, t.started_ns, t.ended_ns, t.closed_by, t.cost_usd, "
        "t.tokens_input, t.tokens_output, t.tokens_cache_read, t.tokens_cache_write_5m, t.tokens_cache_write_1h, "
        "t.session_id, s.cwd FROM task t JOIN agent_session s ON s.id = t.session_id WHERE t.id = ?",
        (task_id,),
    ).fetchone()
    if row is None:
        return None
    project_id, host, kind, model, started_ns, ended_ns, closed_by, cost_usd, *tokens, session_id, folder = (
        row
    )
    turns = read_turns(db, session_id, task_id)
    return Trajectory(
        task_id=task_id,
        goal=next((turn.prompt for turn in turns if turn.prompt), ""),
        project_id=project_id,
        host=host,
        kind=kind,
        folder=folder,
        model=model,
        started_ns=started_ns,
        ended_ns=ended_ns,
        closed_by=closed_by,
        turns=turns,
        steps=read_steps(db, task_id),
        stated=_read_stated(db, task_id),
        cost_usd=cost_usd,
        tokens=None if all(count is None for count in tokens) else sum(count or 0 for count in tokens),
    )


def read_turns(db: apsw.Connection, session_id: int, task_id: int) -> tuple[Turn, ...]:
    """Return a task's turns in the order of time."""
    rows = db.execute(
        "SELECT prompt, started_ns, ended_ns, last_message, error FROM turn WHERE session_id = ? AND task_id = ? "
        "ORDER BY started_ns, id",
        (session_id, task_id),
    )
    return tuple(
        Turn(
            prompt=unpack_optional(prompt),
            started_ns=started_ns,
            ended_ns=ended_ns,
            last_message=unpack_optional(message),
            error=error,
        )
        for prompt, started_ns, ended_ns, message, error in rows
    )


def read_steps(db: apsw.Connection, task_id: int) -> tuple[Step, ...]:
    """Return a task's steps in the order of time."""
    rows = db.execute(
        "SELECT kind, at_ns, ok, tool, path, command, exit_status, output, interrupted, verdict, duration_ms "
        "FROM step WHERE task_id = ? ORDER BY at_ns, id",
        (task_id,),
    )
    return tuple(
        Step(
            kind=STEP_KINDS[kind],
            at_ns=at_ns,
            ok=None if ok is None else bool(ok),
            tool=tool or "",
            path=path or "",
            command=unpack_optional(command),
            exit_status=exit_status,
            output=unpack_optional(output),
            interrupted=bool(interrupted),
            verdict=None if verdict is None else VERDICTS[verdict],
            duration_ms=duration_ms,
        )
        for kind, at_ns, ok, tool, path, command, exit_status, output, interrupted, verdict, duration_ms in rows
    )


def _read_stated(db: apsw.Connection, task_id: int) -> tuple[Evidence, ...]:
    rows = db.execute(
        "SELECT kind, at_ns, value, detail FROM evidence "
        "WHERE task_id = ? AND stated = 1 AND withdrawn_ns IS NULL ORDER BY number",
        (task_id,),
    )
    return tuple(
        Evidence(kind=EvidenceKind(kind), at_ns=at_ns, value=value, detail=detail or "")
        for kind, at_ns, value, detail in rows
    )
