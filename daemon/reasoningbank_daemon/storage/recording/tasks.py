"""Open, close and reopen tasks."""

from __future__ import annotations

from reasoningbank_daemon.storage.recording.state import SessionState, State, TaskState

IDLE = "idle"
NEW_GOAL = "new_goal"
SESSION_END = "session_end"
RETURNED = "returned"

SWEPT_AT_ONCE = 100
"""Idle tasks that one sweep closes, the longest idle first: each is judged in a transaction that others wait for."""


def open_task(
    state: State,
    session: SessionState,
    *,
    started_ns: int,
    kind: str = "main",
    agent_id: str | None = None,
    parent_task_id: int | None = None,
    parent_turn_id: int | None = None,
    model: str | None = None,
) -> TaskState:
    """Create a task of a session."""
    task_id = state.insert(
        "INSERT INTO task (session_id, project_id, kind, parent_task_id, parent_turn_id, agent_id, model, "
        "started_ns, last_event_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session.id,
            session.project_id,
            kind,
            parent_task_id,
            parent_turn_id,
            agent_id,
            model,
            started_ns,
            started_ns,
        ),
    )
    task = TaskState(
        id=task_id,
        session_id=session.id,
        agent_id=agent_id,
        started_ns=started_ns,
        last_ns=started_ns,
        closed_by=None,
        parent_turn_id=parent_turn_id,
    )
    session.tasks[task_id] = task
    if agent_id is not None:
        session.agents[agent_id] = task
    return task


def close_task(state: State, task: TaskState, reason: str) -> None:
    """Close a task at its last event; it is judged before COMMIT."""
    task.closed_by = reason
    state.run("UPDATE task SET closed_by = ?, ended_ns = ? WHERE id = ?", (reason, task.last_ns, task.id))
    state.judge_later(task.id)


def extend_task(state: State, task: TaskState, at_ns: int) -> None:
    """Let an event at ``at_ns`` belong to a task: one that was closed is judged again, an idle one reopened."""
    later = at_ns > task.last_ns
    state.touch(task, at_ns)
    if task.closed_by is None:
        return
    if later and task.closed_by == IDLE:
        reopen_task(state, task)
    else:
        if later:
            state.run("UPDATE task SET ended_ns = ? WHERE id = ?", (task.last_ns, task.id))
        state.judge_later(task.id)


def settle_child(state: State, session: SessionState, child: TaskState) -> None:
    """Close or reopen a subagent's task by what is known of it, whatever order that arrived in."""
    if child.stopped_ns is not None and child.stopped_ns >= child.last_ns:
        reason = RETURNED
    elif any(end >= child.last_ns for end in session.ends):
        reason = SESSION_END
    elif child.closed_by == IDLE:
        reason = IDLE
    else:
        if child.closed_by is not None:
            reopen_task(state, child)
        return
    close_task(state, child, reason)


def reopen_task(state: State, task: TaskState) -> None:
    """Take back that a task was closed; its judgement is taken back with it before COMMIT."""
    task.closed_by = None
    state.run("UPDATE task SET closed_by = NULL, ended_ns = NULL WHERE id = ?", (task.id,))
    state.judge_later(task.id)


def task_state(state: State, task_id: int) -> TaskState | None:
    """Return a task's state if its session is in memory."""
    row = state.run("SELECT session_id FROM task WHERE id = ?", (task_id,)).get
    key = state.session_keys.get(row) if row is not None else None
    return None if key is None else state.sessions[key].tasks.get(task_id)


def sweep(state: State, *, now_ns: int, idle_s: float) -> None:
    """Close tasks that have been idle too long; those beyond `SWEPT_AT_ONCE` are left to the next sweep."""
    limit = now_ns - round(idle_s * 1e9)
    rows = state.run(
        "SELECT id, session_id, last_event_ns FROM task WHERE ended_ns IS NULL AND last_event_ns <= ? "
        "ORDER BY last_event_ns, id LIMIT ?",
        (limit, SWEPT_AT_ONCE),
    ).fetchall()
    for task_id, session_id, last_ns in rows:
        task = task_state(state, task_id)
        if task is None:
            task = TaskState(task_id, session_id, None, last_ns, last_ns, None)
        elif task.last_ns > limit:
            continue
        close_task(state, task, IDLE)
