"""Subagents: a request (tool_use_id) becomes an agent (agent_id), whose work is a child task."""

from __future__ import annotations

from reasoningbank_daemon.learning.trajectory import StepKind
from reasoningbank_daemon.storage.recording.state import SessionState, State, TaskState
from reasoningbank_daemon.storage.recording.tasks import extend_task, open_task, settle_child
from reasoningbank_daemon.storage.recording.transcripts import mention_transcript
from reasoningbank_daemon.storage.recording.turns import belong, current_turn, write_stop
from reasoningbank_daemon.storage.scrubbing import MESSAGE_CHARS, NAME_CHARS, OUTPUT_CHARS, PROMPT_CHARS
from reasoningbank_daemon.storage.trajectories import STEP_KINDS
from reasoningbank_schema.events import (
    Origin,
    SubagentRequested,
    SubagentReturned,
    SubagentStarted,
    SubagentStopped,
)


def place_event(state: State, session: SessionState, origin: Origin) -> tuple[TaskState, int]:
    """Return the task and the turn that an event belongs to: the subagent's inside one, else the main line's."""
    turn = current_turn(state, session, origin)
    task = belong(state, session, turn, origin.at_ns)
    if origin.agent_id is None:
        return task, turn.id
    child = _child(state, session, origin.agent_id, origin, parent_task_id=task.id, parent_turn_id=turn.id)
    extend_task(state, child, origin.at_ns)
    settle_child(state, session, child)
    return child, child.turn_id or turn.id


def request_subagent(state: State, session: SessionState, event: SubagentRequested) -> TaskState:
    """Record that a subagent was asked for; the child task begins when the host names its agent."""
    task, turn_id = place_event(state, session, event.origin)
    prompt = state.scrubber.head(event.prompt, PROMPT_CHARS)
    known = state.run(
        "SELECT id, child_task_id FROM delegation WHERE session_id = ? AND tool_use_id = ?",
        (session.id, event.tool_use_id[:NAME_CHARS]),
    ).fetchone()
    description = state.scrubber.name(event.description)
    kind = state.scrubber.name(event.subagent_type)
    if known is None:
        state.run(
            "INSERT INTO delegation (session_id, tool_use_id, task_id, turn_id, prompt, description, subagent_type, "
            "model_asked, at_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                session.id,
                event.tool_use_id[:NAME_CHARS],
                task.id,
                turn_id,
                state.pack(prompt),
                description,
                kind,
                state.scrubber.name(event.model_asked),
                event.origin.at_ns,
            ),
        )
        return task
    delegation_id, child_id = known
    state.run(
        "UPDATE delegation SET prompt = ?, description = ?, model_asked = ?, at_ns = ? WHERE id = ?",
        (
            state.pack(prompt),
            description,
            state.scrubber.name(event.model_asked),
            event.origin.at_ns,
            delegation_id,
        ),
    )
    if child_id is not None and child_id in session.tasks:
        _give_goal(state, session.tasks[child_id], delegation_id)
    return task


def start_subagent(state: State, session: SessionState, event: SubagentStarted) -> TaskState:
    """Begin the child task of an agent."""
    return place_event(state, session, event.origin)[0]


def return_subagent(state: State, session: SessionState, event: SubagentReturned) -> tuple[TaskState, int]:
    """Link a request to its agent, and record the call as a step of the task that asked."""
    origin = event.origin
    task, turn_id = place_event(state, session, origin)
    delegation_id = _delegation(state, session, event, task, turn_id)
    child = _child(
        state, session, event.child_agent_id, origin, parent_task_id=task.id, parent_turn_id=turn_id
    )
    kind = state.scrubber.name(event.subagent_type)
    if child.closed_by is not None:
        state.judge_later(child.id)
    state.run(
        "UPDATE task SET tool_use_id = ?, kind = coalesce(?, kind), model = coalesce(?, model), parent_task_id = ?, "
        "parent_turn_id = ? WHERE id = ?",
        (event.tool_use_id[:NAME_CHARS], kind, event.model, task.id, turn_id, child.id),
    )
    child.parent_turn_id = turn_id
    state.run("UPDATE delegation SET child_task_id = ? WHERE id = ?", (child.id, delegation_id))
    state.run("UPDATE decision SET task_id = ? WHERE delegation_id = ?", (child.id, delegation_id))
    _give_goal(state, child, delegation_id)
    if not event.background:
        _finish(state, session, child, origin.at_ns, event.result)
    step_id = state.insert(
        "INSERT INTO step (task_id, turn_id, at_ns, kind, ok, tool, command, output, tool_use_id, duration_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            task.id,
            turn_id,
            origin.at_ns,
            STEP_KINDS.index(StepKind.SUBAGENT),
            None if event.background else 1,
            kind,
            state.run("SELECT description FROM delegation WHERE id = ?", (delegation_id,)).get,
            state.pack(state.scrubber.tail(event.result, OUTPUT_CHARS)),
            event.tool_use_id[:NAME_CHARS],
            event.duration_ms,
        ),
    )
    return task, step_id


def stop_subagent(state: State, session: SessionState, event: SubagentStopped) -> TaskState:
    """End a child task; it is reopened if its agent is woken again."""
    child, _ = place_event(state, session, event.origin)
    if event.origin.agent_id is not None:
        _finish(state, session, child, event.origin.at_ns, event.last_message)
        mention_transcript(
            state, session.id, event.transcript_path, event.origin.agent_id, event.origin.at_ns
        )
    return child


def _child(
    state: State,
    session: SessionState,
    agent_id: str,
    origin: Origin,
    *,
    parent_task_id: int,
    parent_turn_id: int,
) -> TaskState:
    """Return an agent's task; create it with one turn of its own at the agent's first event."""
    child = session.agents.get(agent_id)
    if child is not None:
        return child
    child = open_task(
        state,
        session,
        started_ns=origin.at_ns,
        kind=state.scrubber.name(origin.agent_type) or "subagent",
        agent_id=agent_id,
        parent_task_id=parent_task_id,
        parent_turn_id=parent_turn_id,
    )
    child.turn_id = state.insert(
        "INSERT INTO turn (session_id, task_id, started_ns) VALUES (?, ?, ?)",
        (session.id, child.id, origin.at_ns),
    )
    settle_child(state, session, child)
    return child


def _delegation(
    state: State, session: SessionState, event: SubagentReturned, task: TaskState, turn_id: int
) -> int:
    """Return the request that a result answers; make one if it has not arrived."""
    tool_use_id = event.tool_use_id[:NAME_CHARS]
    found = state.run(
        "SELECT id FROM delegation WHERE session_id = ? AND tool_use_id = ?", (session.id, tool_use_id)
    ).get
    return found or state.insert(
        "INSERT INTO delegation (session_id, tool_use_id, task_id, turn_id, at_ns) VALUES (?, ?, ?, ?, ?)",
        (session.id, tool_use_id, task.id, turn_id, event.origin.at_ns),
    )


def _give_goal(state: State, child: TaskState, delegation_id: int) -> None:
    """Move the request's prompt to the child's turn: it is the child's goal."""
    prompt, asked_ns = state.run(
        "SELECT prompt, at_ns FROM delegation WHERE id = ?", (delegation_id,)
    ).fetchone()
    if prompt is None or child.turn_id is None:
        return
    state.run(
        "UPDATE turn SET prompt = ?, started_ns = min(started_ns, ?) WHERE id = ?",
        (prompt, asked_ns, child.turn_id),
    )
    state.run("UPDATE delegation SET prompt = NULL WHERE id = ?", (delegation_id,))
    state.touch(child, asked_ns)
    if child.closed_by is not None:
        state.judge_later(child.id)


def _finish(state: State, session: SessionState, child: TaskState, at_ns: int, message: str) -> None:
    extend_task(state, child, at_ns)
    if child.turn_id is not None:
        write_stop(
            state, child.turn_id, at_ns, message=state.scrubber.head(message, MESSAGE_CHARS), error=None
        )
    child.stopped_ns = max(child.stopped_ns or 0, at_ns)
    settle_child(state, session, child)
