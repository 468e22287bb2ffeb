"""Derive a session's tasks anew after an event that came late, and move what belongs to the turns."""

from __future__ import annotations

from reasoningbank_daemon.storage.compression import unpack, unpack_optional
from reasoningbank_daemon.storage.recording.outcomes import vanish_task
from reasoningbank_daemon.storage.recording.partition import Group, Member, partition
from reasoningbank_daemon.storage.recording.sessions import reload_tasks
from reasoningbank_daemon.storage.recording.state import SessionState, State
from reasoningbank_daemon.storage.recording.tasks import IDLE, SESSION_END, open_task


def regroup_session(state: State, session: SessionState, since_ns: int) -> None:
    """Bring tasks into agreement with the turns from ``since_ns`` on, as if all had come in the order of time."""
    state.flush()
    reload_tasks(state, session)
    first = _first_affected(session, since_ns)
    if first is None:
        return
    affected = session.turns[first:]
    before = {turn.id: turn.task_id for turn in affected}
    members = _members(state, session, {turn.id for turn in affected})
    groups = partition(members, session.ends, state.rules.continues)
    owners = _choose_owners(state, session, groups, before)
    for group, owner in zip(groups, owners, strict=True):
        for member in group.members:
            if before[member.turn_id] != owner:
                _move_turn(state, session, member.turn_id, before[member.turn_id], owner)
    heirs: dict[int, int] = {}
    for group, owner in zip(groups, owners, strict=True):
        for member in group.members:
            heirs.setdefault(before[member.turn_id], owner)
    for vanished in heirs.keys() - set(owners):
        _absorb(state, vanished, heirs[vanished])
    changed = _changed(groups, owners, before, state.stirred)
    for group, owner in zip(groups, owners, strict=True):
        _set_span(state, session, group, owner, judge=owner in changed)
    reload_tasks(state, session)


def _first_affected(session: SessionState, since_ns: int) -> int | None:
    """Return the place of the first turn of the task that was under way at a moment."""
    if not session.turns:
        return None
    index = max((place for place, turn in enumerate(session.turns) if turn.started_ns <= since_ns), default=0)
    index = max(0, index - 1)
    task_id = session.turns[index].task_id
    return next(place for place, turn in enumerate(session.turns) if turn.task_id == task_id)


def _members(state: State, session: SessionState, wanted: set[int]) -> list[Member]:
    last: dict[int, int] = {}
    files: dict[int, list[str]] = {}
    for turn_id, path, at_ns in state.run(
        "SELECT turn_id, path, at_ns FROM step WHERE task_id IN "
        "(SELECT id FROM task WHERE session_id = ? AND agent_id IS NULL) ORDER BY at_ns",
        (session.id,),
    ):
        last[turn_id] = at_ns
        if path is not None:
            files.setdefault(turn_id, []).append(path)
    for turn_id, at_ns in state.run(
        "SELECT parent_turn_id, max(last_event_ns) FROM task WHERE session_id = ? AND parent_turn_id IS NOT NULL "
        "GROUP BY parent_turn_id",
        (session.id,),
    ):
        last[turn_id] = max(last.get(turn_id, 0), at_ns)
    for turn_id, at_ns in state.run(
        "SELECT turn_id, max(at_ns) FROM delegation WHERE session_id = ? AND turn_id IS NOT NULL GROUP BY turn_id",
        (session.id,),
    ):
        last[turn_id] = max(last.get(turn_id, 0), at_ns)
    rows = state.run(
        "SELECT id, started_ns, ended_ns, prompt, last_message FROM turn WHERE session_id = ? ORDER BY started_ns, id",
        (session.id,),
    ).fetchall()
    return [
        Member(
            turn_id=turn_id,
            started_ns=started_ns,
            last_ns=max(started_ns, ended_ns or 0, last.get(turn_id, 0)),
            prompt=None if prompt is None else unpack(prompt),
            last_message=unpack_optional(message),
            files=tuple(files.get(turn_id, ())),
        )
        for turn_id, started_ns, ended_ns, prompt, message in rows
        if turn_id in wanted
    ]


def _choose_owners(
    state: State, session: SessionState, groups: tuple[Group, ...], before: dict[int, int]
) -> list[int]:
    """Give each group a task: that of its first turn, else of another, else a new one."""
    owners: list[int] = []
    taken: set[int] = set()
    for group in groups:
        candidates = (before[member.turn_id] for member in group.members)
        owner = next((candidate for candidate in candidates if candidate not in taken), None)
        if owner is None:
            started_ns = group.members[0].started_ns
            owner = open_task(state, session, started_ns=started_ns, model=session.model).id
        owners.append(owner)
        taken.add(owner)
    return owners


def _changed(
    groups: tuple[Group, ...], owners: list[int], before: dict[int, int], stirred: set[int]
) -> set[int]:
    """Return the tasks that have other turns than before, or another prompt after them: to be judged again."""
    changed: set[int] = set()
    reaction_stirred = False
    for group, owner in zip(reversed(groups), reversed(owners), strict=True):
        if reaction_stirred or any(member.turn_id in stirred for member in group.members):
            changed.add(owner)
        for member in group.members:
            if before[member.turn_id] != owner:
                changed.update((owner, before[member.turn_id]))
        prompt = next((member for member in group.members if member.prompt is not None), None)
        if prompt is not None:
            reaction_stirred = prompt.turn_id in stirred
    return changed


def _move_turn(state: State, session: SessionState, turn_id: int, source: int, target: int) -> None:
    state.run("UPDATE turn SET task_id = ? WHERE id = ?", (target, turn_id))
    state.run("UPDATE step SET task_id = ? WHERE task_id = ? AND turn_id = ?", (target, source, turn_id))
    state.run("UPDATE decision SET task_id = ? WHERE task_id = ? AND turn_id = ?", (target, source, turn_id))
    state.run(
        "UPDATE delegation SET task_id = ? WHERE session_id = ? AND turn_id = ? AND task_id = ?",
        (target, session.id, turn_id, source),
    )
    state.run(
        "UPDATE task SET parent_task_id = ? WHERE session_id = ? AND parent_turn_id = ? AND parent_task_id = ?",
        (target, session.id, turn_id, source),
    )


def _absorb(state: State, vanished: int, heir: int) -> None:
    """Let a task that has no turn left go on in another one: what was said about it moves, what was derived goes."""
    state.run("INSERT INTO task_alias (id, task_id) VALUES (?, ?)", (vanished, heir))
    for table in ("decision", "feedback", "step"):
        state.run(f"UPDATE {table} SET task_id = ? WHERE task_id = ?", (heir, vanished))  # noqa: S608  fixed names
    state.run("UPDATE delegation SET child_task_id = ? WHERE child_task_id = ?", (heir, vanished))
    state.run("UPDATE delegation SET task_id = ? WHERE task_id = ?", (heir, vanished))
    state.run("UPDATE task SET parent_task_id = ? WHERE parent_task_id = ?", (heir, vanished))
    number = state.run("SELECT coalesce(max(number), 0) FROM evidence WHERE task_id = ?", (heir,)).get
    state.run(
        "INSERT INTO evidence (task_id, number, kind, at_ns, value, detail, stated, withdrawn_ns) "
        "SELECT ?, ? + number, kind, at_ns, value, detail, stated, withdrawn_ns FROM evidence "
        "WHERE task_id = ? AND stated = 1",
        (heir, number, vanished),
    )
    state.run("DELETE FROM evidence WHERE task_id = ?", (vanished,))
    vanish_task(state, vanished, heir)


def _set_span(state: State, session: SessionState, group: Group, task_id: int, *, judge: bool) -> None:
    started_ns = group.members[0].started_ns
    last_ns = max(member.last_ns for member in group.members)
    closed_by = group.closed_by or _end_of_last(state, session, group, task_id, last_ns)
    span = (started_ns, last_ns, closed_by, None if closed_by is None else last_ns)
    known = state.run(
        "SELECT started_ns, last_event_ns, closed_by, ended_ns FROM task WHERE id = ?", (task_id,)
    ).get
    if judge or span != known:
        state.judge_later(task_id)
    if span != known:
        state.run(
            "UPDATE task SET started_ns = ?, last_event_ns = ?, closed_by = ?, ended_ns = ? WHERE id = ?",
            (*span, task_id),
        )


def _end_of_last(state: State, session: SessionState, group: Group, task_id: int, last_ns: int) -> str | None:
    if session.ends and session.ends[-1] > group.members[-1].started_ns:
        return SESSION_END
    closed_by, ended_ns = state.run(
        "SELECT closed_by, ended_ns FROM task WHERE id = ?", (task_id,)
    ).fetchone()
    return IDLE if closed_by == IDLE and ended_ns >= last_ns else None
