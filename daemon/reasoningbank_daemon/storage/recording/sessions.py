"""Sessions and projects: found by the host's own id, created at their first event."""

from __future__ import annotations

from reasoningbank_daemon.storage.recording.receipts import read_marks
from reasoningbank_daemon.storage.recording.state import SessionState, State, TaskState, TurnState
from reasoningbank_daemon.storage.scrubbing import NAME_CHARS, PATH_CHARS
from reasoningbank_schema.events import Committed, ModelSwitched, Origin

LAST_EVENT_STEP_NS = 30_000_000_000
"""A session's last event is kept to half a minute; a task's exactly."""


def session_of(state: State, origin: Origin) -> SessionState:
    """Return the session of an event, up to date with what the event says about it."""
    key = (origin.host, origin.session_id)
    session = state.sessions.get(key)
    if session is None:
        session = load_session(state, *key) or _create(state, origin)
        state.remember(session)
    else:
        state.sessions.move_to_end(key)
    _follow(state, session, origin)
    return session


def known_session(state: State, host: str, key: str) -> SessionState | None:
    """Return a session if there has been any event of it."""
    host, key = state.scrubber.identity(host), state.scrubber.identity(key)
    return state.sessions.get((host, key)) or load_session(state, host, key)


def project_id(state: State, cwd: str) -> int:
    """Return the id of the project that a folder belongs to."""
    key = state.scrubber.identity(state.project_key(cwd))
    found = state.projects.get(key)
    if found is None:
        row = state.run("SELECT id FROM project WHERE key = ?", (key,)).get
        found = row or state.insert(
            "INSERT INTO project (key, first_seen_ns) VALUES (?, ?)", (key, state.now_ns)
        )
        state.projects[key] = found
    return found


def switch_model(state: State, session: SessionState, event: ModelSwitched) -> TaskState | None:
    """Note the model that a session runs on from now on; return the task under way."""
    at_ns = event.origin.at_ns
    if at_ns >= session.model_ns:
        session.model, session.model_ns = event.to_model, at_ns
        state.run(
            "UPDATE agent_session SET model = ?, model_ns = ? WHERE id = ?",
            (event.to_model, at_ns, session.id),
        )
    if not session.turns:
        return None
    task = session.tasks[session.turns[-1].task_id]
    if task.closed_by is None:
        state.run("UPDATE task SET model = ? WHERE id = ?", (event.to_model, task.id))
    return task


def note_commit(state: State, session: SessionState, event: Committed) -> None:
    """Keep a commit with its project: whether it stays is evidence about the tasks before it."""
    # All git hooks speak under one session, from whatever repository they run in.
    project = project_id(state, event.origin.cwd) if event.origin.cwd else session.project_id
    state.run(
        "INSERT INTO git_commit (project_id, sha, replaced, at_ns) VALUES (?, ?, ?, ?)",
        (project, event.commit[:NAME_CHARS], event.replaced, event.origin.at_ns),
    )


def _create(state: State, origin: Origin) -> SessionState:
    project = project_id(state, origin.cwd)
    session_id = state.insert(
        "INSERT INTO agent_session (host, key, project_id, cwd, cwd_ns, model, model_ns, started_ns, "
        "last_event_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            origin.host,
            origin.session_id,
            project,
            state.scrubber.identity(origin.cwd)[:PATH_CHARS],
            origin.at_ns if origin.cwd else 0,
            origin.model,
            origin.at_ns if origin.model else 0,
            origin.at_ns,
            origin.at_ns,
        ),
    )
    return SessionState(
        id=session_id,
        host=origin.host,
        key=origin.session_id,
        project_id=project,
        cwd_ns=origin.at_ns if origin.cwd else 0,
        model=origin.model,
        model_ns=origin.at_ns if origin.model else 0,
        last_ns=origin.at_ns,
    )


def _follow(state: State, session: SessionState, origin: Origin) -> None:
    if origin.at_ns > session.last_ns + LAST_EVENT_STEP_NS:
        session.last_ns = origin.at_ns
        state.moved_sessions[session.id] = session
    if origin.cwd and (session.cwd_ns == 0 or origin.at_ns < session.cwd_ns):
        _rehome(state, session, origin)
    if origin.model and origin.agent_id is None and origin.at_ns >= session.model_ns:
        session.model_ns = origin.at_ns
        if origin.model != session.model:
            session.model = origin.model
            state.run(
                "UPDATE agent_session SET model = ?, model_ns = ? WHERE id = ?",
                (origin.model, origin.at_ns, session.id),
            )


def _rehome(state: State, session: SessionState, origin: Origin) -> None:
    """Move a session to the project of its first working directory, which came late."""
    project = project_id(state, origin.cwd)
    session.cwd_ns = origin.at_ns
    state.run(
        "UPDATE agent_session SET project_id = ?, cwd = ?, cwd_ns = ?, started_ns = min(started_ns, ?) WHERE id = ?",
        (project, state.scrubber.identity(origin.cwd)[:PATH_CHARS], origin.at_ns, origin.at_ns, session.id),
    )
    if project == session.project_id:
        return
    session.project_id = project
    closed = state.run(
        "SELECT id FROM task WHERE session_id = ? AND ended_ns IS NOT NULL", (session.id,)
    ).fetchall()
    for (task_id,) in closed:
        state.judge_later(task_id)
    state.run("UPDATE task SET project_id = ? WHERE session_id = ?", (project, session.id))


def load_session(state: State, host: str, key: str) -> SessionState | None:
    """Read a session with its turns and tasks back from the bank."""
    row = state.run(
        "SELECT id, project_id, cwd_ns, model, model_ns, last_event_ns, at_rest FROM agent_session WHERE host = ? AND key = ?",
        (host, key),
    ).fetchone()
    if row is None:
        return None
    session_id, project, cwd_ns, model, model_ns, last_ns, at_rest = row
    session = SessionState(
        id=session_id,
        host=host,
        key=key,
        project_id=project,
        cwd_ns=cwd_ns,
        model=model,
        model_ns=model_ns,
        last_ns=last_ns,
        at_rest=bool(at_rest),
        reported=read_marks(state, session_id),
    )
    reload_tasks(state, session)
    return session


def reload_tasks(state: State, session: SessionState) -> None:
    """Read a session's ends, tasks and turns again."""
    session.ends = [
        row[0]
        for row in state.run(
            "SELECT at_ns FROM session_end WHERE session_id = ? ORDER BY at_ns", (session.id,)
        )
    ]
    session.tasks.clear()
    session.agents.clear()
    for row in state.run(
        "SELECT id, agent_id, started_ns, last_event_ns, closed_by, parent_turn_id FROM task WHERE session_id = ?",
        (session.id,),
    ):
        task = TaskState(
            id=row[0],
            session_id=session.id,
            agent_id=row[1],
            started_ns=row[2],
            last_ns=row[3],
            closed_by=row[4],
            parent_turn_id=row[5],
        )
        session.tasks[task.id] = task
        if task.agent_id is not None:
            session.agents[task.agent_id] = task
    session.turns = []
    session.by_key = {}
    for turn_id, task_id, key, started_ns, has_prompt, ended_ns in state.run(
        "SELECT id, task_id, key, started_ns, prompt IS NOT NULL, ended_ns FROM turn WHERE session_id = ? ORDER BY started_ns, id",
        (session.id,),
    ):
        task = session.tasks[task_id]
        if task.agent_id is not None:
            task.turn_id, task.stopped_ns = turn_id, ended_ns
            continue
        turn = TurnState(turn_id, task_id, key, started_ns, bool(has_prompt))
        session.turns.append(turn)
        if key is not None:
            session.by_key[key] = turn
