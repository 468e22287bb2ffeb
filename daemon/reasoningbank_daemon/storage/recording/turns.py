"""Turns: a prompt up to its last Stop, found by the host's id of it, or by time where the host has none."""

from __future__ import annotations

from bisect import insort

from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind
from reasoningbank_daemon.storage.compression import unpack_optional
from reasoningbank_daemon.storage.recording.evidence import add_stated
from reasoningbank_daemon.storage.recording.partition import FILES_SEEN, Member, boundary
from reasoningbank_daemon.storage.recording.state import (
    RecordError,
    SessionState,
    State,
    TaskState,
    TurnState,
)
from reasoningbank_daemon.storage.recording.tasks import (
    SESSION_END,
    close_task,
    extend_task,
    open_task,
    settle_child,
)
from reasoningbank_daemon.storage.recording.transcripts import mention_transcript
from reasoningbank_daemon.storage.scrubbing import MESSAGE_CHARS, NAME_CHARS, PROMPT_CHARS
from reasoningbank_schema.events import Origin, PromptSubmitted, SessionEnded, TurnEnded

MAX_TOKENS = 10**12
"""What is stated beyond it is no count of tokens, and sums of such would not fit into 64 bits."""

_PROMPTS = (
    "SELECT prompt FROM turn WHERE task_id = ? AND prompt IS NOT NULL ORDER BY started_ns, id LIMIT 1",
    "SELECT prompt FROM turn WHERE task_id = ? AND prompt IS NOT NULL ORDER BY started_ns DESC, id DESC LIMIT 1",
)


def begin_turn(state: State, session: SessionState, event: PromptSubmitted) -> TurnState:
    """Record a prompt: fill in the turn that its own events announced, or begin one."""
    at_ns = event.origin.at_ns
    prompt = state.scrubber.head(event.prompt, PROMPT_CHARS)
    turn = _announced(session, event.origin)
    if turn is not None:
        if not turn.has_prompt:
            _fill(state, session, turn, prompt, at_ns)
        return turn
    task = _task_for(state, session, prompt, at_ns)
    return _insert_turn(state, session, task, key=event.origin.turn_id, prompt=prompt, started_ns=at_ns)


def current_turn(state: State, session: SessionState, origin: Origin) -> TurnState:
    """Return the main turn that an event belongs to; begin one without a prompt if it came before its prompt."""
    key = origin.turn_id
    if key is not None and (known := session.by_key.get(key)) is not None:
        if not known.has_prompt and origin.at_ns < known.started_ns:
            known.started_ns = origin.at_ns
            session.turns.sort(key=_order)
            state.stirred.add(known.id)
            state.run("UPDATE turn SET started_ns = ? WHERE id = ?", (origin.at_ns, known.id))
            state.regroup(session, origin.at_ns)
        return known
    if key is None and session.turns:
        for turn in reversed(session.turns):
            if turn.started_ns <= origin.at_ns:
                return turn
        if not session.turns[0].has_prompt and session.turns[0].key is None:
            return session.turns[0]
    task = _task_for(state, session, None, origin.at_ns)
    return _insert_turn(state, session, task, key=key, prompt=None, started_ns=origin.at_ns)


def belong(state: State, session: SessionState, turn: TurnState, at_ns: int) -> TaskState:
    """Let an event at a moment belong to a turn, and return the turn's task."""
    task = session.tasks[turn.task_id]
    if turn is not session.turns[-1] and at_ns < session.turns[-1].started_ns:
        # Late: what the next prompt was compared with has changed.
        state.regroup(session, turn.started_ns)
    extend_task(state, task, at_ns)
    return task


def end_turn(state: State, session: SessionState, event: TurnEnded) -> TaskState:
    """Record a Stop; a turn may have several, and the last one counts."""
    origin = event.origin
    turn = current_turn(state, session, origin)
    task = belong(state, session, turn, origin.at_ns)
    write_stop(
        state,
        turn.id,
        origin.at_ns,
        message=state.scrubber.head(event.last_message, MESSAGE_CHARS),
        error=state.scrubber.name(event.error),
    )
    if event.success is not None:
        said = "success" if event.success else "failure"
        evidence = Evidence(
            kind=EvidenceKind.STATEMENT,
            at_ns=origin.at_ns,
            value=1.0 if event.success else -1.0,
            detail=f"the program states {said}",
        )
        add_stated(state, task.id, evidence)
    if event.tokens_in is not None or event.tokens_out is not None:
        _state_tokens(state, turn.id, task.id, event)
    mention_transcript(state, session.id, origin.transcript_path, None, origin.at_ns)
    return task


def write_stop(state: State, turn_id: int, at_ns: int, *, message: str, error: str | None) -> None:
    """Count a Stop of a turn; the latest one gives its end, message and error."""
    ended_ns = state.run("SELECT ended_ns FROM turn WHERE id = ?", (turn_id,)).get
    if ended_ns is None or at_ns >= ended_ns:
        state.run(
            "UPDATE turn SET stops = stops + 1, ended_ns = ?, last_message = coalesce(?, last_message), error = ? "
            "WHERE id = ?",
            (at_ns, state.pack(message), error, turn_id),
        )
    else:
        state.run("UPDATE turn SET stops = stops + 1 WHERE id = ?", (turn_id,))


def end_session(state: State, session: SessionState, event: SessionEnded) -> None:
    """Record the end of a session and close its open tasks."""
    at_ns = event.origin.at_ns
    state.run(
        "INSERT INTO session_end (session_id, at_ns, reason) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (session.id, at_ns, event.reason[:NAME_CHARS]),
    )
    state.run(
        "UPDATE agent_session SET ended_ns = ?, end_reason = ? WHERE id = ? AND coalesce(ended_ns, 0) <= ?",
        (at_ns, event.reason[:NAME_CHARS], session.id, at_ns),
    )
    insort(session.ends, at_ns)
    mention_transcript(state, session.id, event.origin.transcript_path, None, at_ns)
    for task in session.tasks.values():
        if task.agent_id is not None:
            settle_child(state, session, task)
    if not session.turns:
        return
    if at_ns < session.turns[-1].started_ns:
        state.regroup(session, at_ns)
        return
    last = session.tasks[session.turns[-1].task_id]
    if last.closed_by != SESSION_END:
        close_task(state, last, SESSION_END)


def _announced(session: SessionState, origin: Origin) -> TurnState | None:
    """Return the turn that a prompt fills: the one with its id, or one without id that began just after it."""
    if origin.turn_id is not None:
        return session.by_key.get(origin.turn_id)
    later = next((turn for turn in session.turns if turn.started_ns >= origin.at_ns), None)
    return later if later is not None and later.key is None and not later.has_prompt else None


def _fill(state: State, session: SessionState, turn: TurnState, prompt: str, at_ns: int) -> None:
    turn.has_prompt = True
    turn.started_ns = at_ns
    state.stirred.add(turn.id)
    session.turns.sort(key=_order)
    state.run(
        "UPDATE turn SET prompt = ?, started_ns = ? WHERE id = ?", (state.pack(prompt) or "", at_ns, turn.id)
    )
    extend_task(state, session.tasks[turn.task_id], at_ns)
    state.regroup(session, at_ns)


def _task_for(state: State, session: SessionState, prompt: str | None, at_ns: int) -> TaskState:
    """Find the task that a turn at a moment joins, or open one."""
    if session.ends and session.ends[-1] > at_ns:
        # Late: the session had ended when this arrived.
        state.regroup(session, at_ns)
    if not session.turns:
        return open_task(state, session, started_ns=at_ns, model=session.model)
    last = session.turns[-1]
    task = session.tasks[last.task_id]
    if at_ns < last.started_ns:
        state.regroup(session, at_ns)
        return _task_before(session, at_ns)
    reason = boundary(
        _as_member(state, session, task),
        Member(turn_id=0, started_ns=at_ns, last_ns=at_ns, prompt=prompt),
        [end for end in session.ends if end > last.started_ns],
        state.rules.continues,
    )
    if reason is None:
        extend_task(state, task, at_ns)
        return task
    if task.closed_by != reason:
        close_task(state, task, reason)
    else:
        # What follows a task is evidence about it, and it is known only now.
        state.judge_later(task.id)
    return open_task(state, session, started_ns=at_ns, model=session.model)


def _task_before(session: SessionState, at_ns: int) -> TaskState:
    """Return some task to hold a late turn until the session is regrouped."""
    earlier = [turn for turn in session.turns if turn.started_ns <= at_ns]
    return session.tasks[(earlier[-1] if earlier else session.turns[0]).task_id]


def _as_member(state: State, session: SessionState, task: TaskState) -> Member:
    """See a whole task as one turn: first prompt, last prompt and last message are what the rule looks at."""
    last = session.turns[-1]
    message = state.run("SELECT last_message FROM turn WHERE id = ?", (last.id,)).get
    first, latest = (state.run(sql, (task.id,)).get for sql in _PROMPTS)
    files = state.run(
        "SELECT path FROM step WHERE task_id = ? AND path IS NOT NULL GROUP BY path ORDER BY min(at_ns), min(id) "
        "LIMIT ?",
        (task.id, FILES_SEEN),
    ).fetchall()
    return Member(
        turn_id=last.id,
        started_ns=last.started_ns,
        last_ns=task.last_ns,
        prompt=None if first is None else unpack_optional(first),
        latest_prompt=None if latest is None else unpack_optional(latest),
        last_message=unpack_optional(message),
        files=tuple(row[0] for row in files),
    )


def _insert_turn(
    state: State,
    session: SessionState,
    task: TaskState,
    *,
    key: str | None,
    prompt: str | None,
    started_ns: int,
) -> TurnState:
    packed = None if prompt is None else state.pack(prompt) or ""
    turn_id = state.insert(
        "INSERT INTO turn (session_id, task_id, key, prompt, started_ns) VALUES (?, ?, ?, ?, ?)",
        (session.id, task.id, key, packed, started_ns),
    )
    turn = TurnState(turn_id, task.id, key, started_ns, prompt is not None)
    state.stirred.add(turn_id)
    insort(session.turns, turn, key=_order)
    if key is not None:
        session.by_key[key] = turn
    else:
        _take_later_steps(state, session, turn)
    return turn


def _take_later_steps(state: State, session: SessionState, turn: TurnState) -> None:
    """Give a late turn of a host without turn ids the steps that were put into the turn before it."""
    place = session.turns.index(turn)
    if place == 0 or place == len(session.turns) - 1:
        return
    state.stirred.add(session.turns[place - 1].id)
    state.run(
        "UPDATE step SET turn_id = ?, task_id = ? WHERE task_id = ? AND turn_id = ? AND at_ns >= ?",
        (
            turn.id,
            turn.task_id,
            session.turns[place - 1].task_id,
            session.turns[place - 1].id,
            turn.started_ns,
        ),
    )


def _state_tokens(state: State, turn_id: int, task_id: int, event: TurnEnded) -> None:
    stated = (event.tokens_in or 0, event.tokens_out or 0)
    if not all(0 <= tokens <= MAX_TOKENS for tokens in stated):
        raise RecordError(f"tokens_in and tokens_out are {stated}; allowed: 0 to {MAX_TOKENS}")
    reason = "the program states tokens, not cost"
    for table, row in (("turn", turn_id), ("task", task_id)):
        state.run(
            f"UPDATE {table} SET tokens_input = coalesce(tokens_input, 0) + ?, "  # noqa: S608  fixed names
            "tokens_output = coalesce(tokens_output, 0) + ?, cost_unknown = ? WHERE id = ?",
            (*stated, reason, row),
        )


def _order(turn: TurnState) -> tuple[int, int]:
    return turn.started_ns, turn.id
