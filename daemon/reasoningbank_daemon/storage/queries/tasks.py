"""Tasks: the open one of a session, recent ones, one in full."""

from __future__ import annotations

import apsw
import msgspec

from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind, StepKind, Trajectory
from reasoningbank_daemon.storage.compression import unpack, unpack_optional
from reasoningbank_daemon.storage.trajectories import STEP_KINDS, read_trajectory


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one task as a list shows it."""

    id: int
    host: str
    project: str
    kind: str
    goal: str
    model: str | None
    started_ns: int
    ended_ns: int | None
    closed_by: str | None
    label: str | None
    probability: float | None
    duration_s: float | None
    cost_usd: float | None
    cost_unknown: str | None
    steps: int


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a task used; None is unknown, and ``cost_unknown`` says why the cost is."""

    tokens_input: int | None
    tokens_output: int | None
    tokens_cache_read: int | None
    tokens_cache_write_5m: int | None
    tokens_cache_write_1h: int | None
    cost_usd: float | None
    cost_unknown: str | None
    price_list: str | None


class StoredDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a decision; ``detail`` is JSON: what it was computed from (``inputs``), and the whole ``selection``."""

    at_ns: int
    model: str
    evidence: int
    confidence: float | None
    applied: bool
    experience_id: int | None
    config_sha256: str
    code_version: str
    models_version: str
    detail: str


class StepDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what `Step` leaves out: the diff, and the verdict in words (JSON)."""

    id: int
    kind: StepKind
    diff: str
    verdict_detail: str


class StoredFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a rating as it was given; what it says of the task's outcome is among the evidence."""

    at_ns: int
    rating: str
    note: str


class TaskDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one task in full. ``withdrawn`` is evidence that a later look no longer found."""

    line: TaskLine
    trajectory: Trajectory
    usage: Usage
    decisions: tuple[StoredDecision, ...]
    feedback: tuple[StoredFeedback, ...]
    evidence: tuple[Evidence, ...]
    withdrawn: tuple[Evidence, ...]
    details: tuple[StepDetail, ...]
    children: tuple[int, ...]
    experience_id: int | None


class CommittedTask(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a closed task that committed something; ``known`` are the kinds of evidence that it has."""

    id: int
    project_key: str
    started_ns: int
    ended_ns: int
    known: frozenset[EvidenceKind]


_LINE = (
    "SELECT t.id, s.host, p.key, t.kind, (SELECT prompt FROM turn u WHERE u.session_id = t.session_id "
    "AND u.task_id = t.id AND u.prompt IS NOT NULL ORDER BY u.started_ns, u.id LIMIT 1), t.model, t.started_ns, "
    "t.ended_ns, t.closed_by, t.label, t.probability, t.duration_ms, t.cost_usd, t.cost_unknown, "
    "(SELECT count(*) FROM step WHERE task_id = t.id) FROM task t JOIN agent_session s ON s.id = t.session_id "
    "JOIN project p ON p.id = t.project_id "
)


def open_task_id(db: apsw.Connection, host: str, session_key: str) -> int | None:
    """Return the id of a session's open main task, None if it has none."""
    found: int | None = db.execute(
        "SELECT t.id FROM task t JOIN agent_session s ON s.id = t.session_id WHERE s.host = ? AND s.key = ? "
        "AND t.agent_id IS NULL AND t.ended_ns IS NULL ORDER BY t.started_ns DESC LIMIT 1",
        (host, session_key),
    ).get
    return found


def session_model(db: apsw.Connection, host: str, session_key: str) -> str | None:
    """Return the model that a session runs on, as far as is known: said by the host, else by its transcript."""
    found: str | None = db.execute(
        "SELECT coalesce(s.model, (SELECT t.model FROM task t WHERE t.session_id = s.id AND t.agent_id IS NULL "
        "AND t.model IS NOT NULL ORDER BY t.started_ns DESC LIMIT 1)) FROM agent_session s "
        "WHERE s.host = ? AND s.key = ?",
        (host, session_key),
    ).get
    return found


def recent_tasks(
    db: apsw.Connection, *, limit: int, project_id: int | None = None, before_id: int | None = None
) -> tuple[TaskLine, ...]:
    """Return tasks, the newest first; ``before_id`` continues a list."""
    rows = db.execute(
        _LINE
        + "WHERE (?1 IS NULL OR t.project_id = ?1) AND (?2 IS NULL OR t.id < ?2) ORDER BY t.id DESC LIMIT ?3",
        (project_id, before_id, limit),
    )
    return tuple(_line(row) for row in rows)


def read_task(db: apsw.Connection, task_id: int) -> TaskDetail | None:
    """Return one task in full, None if there is none (a task that was joined with another is that one)."""
    while (joined := db.execute("SELECT task_id FROM task_alias WHERE id = ?", (task_id,)).get) is not None:
        task_id = joined
    row = db.execute(_LINE + "WHERE t.id = ?", (task_id,)).fetchone()
    trajectory = read_trajectory(db, task_id)
    if row is None or trajectory is None:
        return None
    return TaskDetail(
        line=_line(row),
        trajectory=trajectory,
        usage=_usage(db, task_id),
        decisions=_decisions(db, task_id),
        feedback=_feedback(db, task_id),
        evidence=_evidence(db, task_id, withdrawn=False),
        withdrawn=_evidence(db, task_id, withdrawn=True),
        details=_details(db, task_id),
        children=tuple(
            row[0]
            for row in db.execute("SELECT id FROM task WHERE parent_task_id = ? ORDER BY id", (task_id,))
        ),
        experience_id=db.execute("SELECT experience_id FROM task WHERE id = ?", (task_id,)).get,
    )


def tasks_with_commits(db: apsw.Connection, *, since_ns: int) -> tuple[CommittedTask, ...]:
    """Return main tasks closed since a time that committed: a `git commit` among their steps, or a git hook's word."""
    rows = db.execute(
        "SELECT t.id, p.key, t.started_ns, t.ended_ns, (SELECT group_concat(DISTINCT e.kind) FROM evidence e "
        "WHERE e.task_id = t.id AND e.withdrawn_ns IS NULL) FROM task t JOIN project p ON p.id = t.project_id "
        "WHERE t.agent_id IS NULL AND t.ended_ns >= ? ORDER BY t.id",
        (since_ns,),
    )
    tasks = (
        CommittedTask(
            id=task_id,
            project_key=key,
            started_ns=started_ns,
            ended_ns=ended_ns,
            known=frozenset(EvidenceKind(kind) for kind in (kinds or "").split(",") if kind),
        )
        for task_id, key, started_ns, ended_ns, kinds in rows
    )
    return tuple(task for task in tasks if _committed(db, task))


def _committed(db: apsw.Connection, task: CommittedTask) -> bool:
    noted = db.execute(
        "SELECT 1 FROM git_commit c JOIN project p ON p.id = c.project_id WHERE p.key = ? AND c.at_ns BETWEEN ? AND ?",
        (task.project_key, task.started_ns, task.ended_ns),
    ).get
    if noted is not None:
        return True
    commands = db.execute("SELECT command FROM step WHERE task_id = ? AND command IS NOT NULL", (task.id,))
    return any("commit" in (text := unpack(row[0])) and "git" in text for row in commands)


def _line(row: tuple) -> TaskLine:  # type: ignore[type-arg]  # the columns of _LINE
    return TaskLine(
        id=row[0],
        host=row[1],
        project=row[2],
        kind=row[3],
        goal=unpack_optional(row[4]),
        model=row[5],
        started_ns=row[6],
        ended_ns=row[7],
        closed_by=row[8],
        label=row[9],
        probability=row[10],
        duration_s=None if row[11] is None else row[11] / 1000,
        cost_usd=row[12],
        cost_unknown=row[13],
        steps=row[14],
    )


def _usage(db: apsw.Connection, task_id: int) -> Usage:
    row = db.execute(
        "SELECT tokens_input, tokens_output, tokens_cache_read, tokens_cache_write_5m, tokens_cache_write_1h, "
        "cost_usd, cost_unknown, price_list FROM task WHERE id = ?",
        (task_id,),
    ).get
    return Usage(**dict(zip(Usage.__struct_fields__, row, strict=True)))


def _decisions(db: apsw.Connection, task_id: int) -> tuple[StoredDecision, ...]:
    rows = db.execute(
        "SELECT d.at_ns, d.model, d.evidence, d.confidence, d.applied, d.experience_id, b.config_sha256, "
        "b.code_version, b.models_version, d.detail FROM decision d JOIN basis b ON b.id = d.basis_id "
        "WHERE d.task_id = ? ORDER BY d.at_ns, d.id",
        (task_id,),
    )
    return tuple(
        StoredDecision(
            at_ns=row[0],
            model=row[1],
            evidence=row[2],
            confidence=row[3],
            applied=bool(row[4]),
            experience_id=row[5],
            config_sha256=row[6],
            code_version=row[7],
            models_version=row[8],
            detail=unpack(row[9]),
        )
        for row in rows
    )


def _feedback(db: apsw.Connection, task_id: int) -> tuple[StoredFeedback, ...]:
    rows = db.execute(
        "SELECT at_ns, rating, note FROM feedback WHERE task_id = ? ORDER BY at_ns, id", (task_id,)
    )
    return tuple(StoredFeedback(at_ns=at_ns, rating=rating, note=note) for at_ns, rating, note in rows)


def _evidence(db: apsw.Connection, task_id: int, *, withdrawn: bool) -> tuple[Evidence, ...]:
    rows = db.execute(
        "SELECT kind, at_ns, value, detail FROM evidence WHERE task_id = ? AND (withdrawn_ns IS NOT NULL) = ? "
        "ORDER BY at_ns, number",
        (task_id, withdrawn),
    )
    return tuple(
        Evidence(kind=EvidenceKind(kind), at_ns=at_ns, value=value, detail=detail or "")
        for kind, at_ns, value, detail in rows
    )


def _details(db: apsw.Connection, task_id: int) -> tuple[StepDetail, ...]:
    rows = db.execute(
        "SELECT id, kind, diff, verdict_detail FROM step WHERE task_id = ? ORDER BY at_ns, id", (task_id,)
    )
    return tuple(
        StepDetail(
            id=step_id,
            kind=STEP_KINDS[kind],
            diff=unpack_optional(diff),
            verdict_detail=unpack_optional(detail),
        )
        for step_id, kind, diff, detail in rows
    )
