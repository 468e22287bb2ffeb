"""Judge closed tasks before COMMIT, keep what they tell as experience, and note what changed for the indexes."""

from __future__ import annotations

import msgspec

from reasoningbank_daemon.learning.trajectory import Evidence, Judgement, Lesson, Trajectory, Turn
from reasoningbank_daemon.storage.compression import unpack, unpack_optional
from reasoningbank_daemon.storage.recording.evidence import replace_derived
from reasoningbank_daemon.storage.recording.state import State
from reasoningbank_daemon.storage.records import Document, TaskChange, TaskSummary
from reasoningbank_daemon.storage.summaries import read_summary
from reasoningbank_daemon.storage.trajectories import read_trajectory

JOINED = "its task was joined with another one"
REOPENED = "its task was taken up again"
NOTHING_TO_TELL = "its task, judged again, has nothing to tell"


def judge_touched(state: State) -> None:
    """Judge each task that the running transaction closed, reopened or gave new evidence."""
    for task_id, before in tuple(state.to_judge.items()):
        _judge(state, task_id, before)
    state.to_judge.clear()


def vanish_task(state: State, task_id: int, heir: int) -> None:
    """Remove a task whose turns all belong to another one now; its experience is retired, not deleted."""
    state.judge_later(task_id)
    before = state.to_judge.pop(task_id)
    _retire_of(state, task_id, JOINED)
    state.run("UPDATE experience SET task_id = ? WHERE task_id = ?", (heir, task_id))
    state.run("DELETE FROM task WHERE id = ?", (task_id,))
    state.moved_tasks.pop(task_id, None)
    if before is not None:
        state.task_changes.append(TaskChange(before=before, after=None))


def _judge(state: State, task_id: int, before: TaskSummary | None) -> None:
    trajectory = read_trajectory(state.db, task_id)
    if trajectory is None:
        return
    if trajectory.closed_by is None:
        _take_back(state, task_id)
    else:
        reaction = _reaction(state, task_id)
        if reaction is not None:
            trajectory = _with_stated(trajectory, reaction)
        gathered = state.rules.gather(trajectory)
        replace_derived(state, task_id, gathered)
        judgement = state.rules.judge(gathered)
        _write(state, trajectory, judgement)
        _keep_lesson(state, trajectory, judgement, state.rules.tell(trajectory, judgement))
    after = read_summary(state.db, task_id)
    if before != after:
        state.task_changes.append(TaskChange(before=before, after=after))


def _with_stated(trajectory: Trajectory, evidence: Evidence) -> Trajectory:
    return msgspec.structs.replace(trajectory, stated=(*trajectory.stated, evidence))


def _reaction(state: State, task_id: int) -> Evidence | None:
    """Return what the prompt that followed a main task in its session says about it."""
    row = state.run(
        "SELECT n.prompt, n.started_ns FROM turn n JOIN task k ON k.id = n.task_id "
        "WHERE n.session_id = (SELECT session_id FROM task WHERE id = ?1 AND agent_id IS NULL) "
        "AND n.task_id <> ?1 AND k.agent_id IS NULL AND n.prompt IS NOT NULL "
        "AND n.started_ns > (SELECT max(started_ns) FROM turn WHERE session_id = n.session_id AND task_id = ?1) "
        "ORDER BY n.started_ns, n.id LIMIT 1",
        (task_id,),
    ).fetchone()
    return None if row is None else state.rules.react(unpack(row[0]), row[1])


def _write(state: State, trajectory: Trajectory, judgement: Judgement) -> None:
    state.run(
        "UPDATE task SET label = ?, probability = ?, judged_ns = ?, duration_ms = ?, strategy = ? WHERE id = ?",
        (
            judgement.label.value,
            judgement.probability,
            state.now_ns,
            _working_ms(trajectory),
            state.rules.name_strategy(trajectory),
            trajectory.task_id,
        ),
    )


def _take_back(state: State, task_id: int) -> None:
    """Leave an open task without a judgement, and what it told out of recall until it is closed again."""
    state.run(
        "UPDATE task SET label = NULL, probability = NULL, judged_ns = NULL, duration_ms = NULL, strategy = NULL "
        "WHERE id = ?",
        (task_id,),
    )
    _retire_of(state, task_id, REOPENED)


def _working_ms(trajectory: Trajectory) -> int:
    """Return how long the agent worked: each turn from its prompt to its Stop, or to its last step."""
    total = 0
    for index, turn in enumerate(trajectory.turns):
        following = trajectory.turns[index + 1].started_ns if index + 1 < len(trajectory.turns) else None
        total += max(0, _end_of(turn, trajectory, following) - turn.started_ns)
    return total // 1_000_000


def _end_of(turn: Turn, trajectory: Trajectory, following: int | None) -> int:
    if turn.ended_ns is not None:
        return turn.ended_ns
    within = [
        step.at_ns
        for step in trajectory.steps
        if step.at_ns >= turn.started_ns and (following is None or step.at_ns < following)
    ]
    return max(within, default=turn.started_ns)


def _keep_lesson(state: State, trajectory: Trajectory, judgement: Judgement, lesson: Lesson | None) -> None:
    """Store what a task tells: rewrite what it told before, or retire it."""
    experience_id = state.run("SELECT experience_id FROM task WHERE id = ?", (trajectory.task_id,)).get
    if lesson is None:
        _retire_of(state, trajectory.task_id, NOTHING_TO_TELL)
        return
    if experience_id is None:
        experience_id = state.insert(
            "INSERT INTO experience (task_id, project_id, kind, title, text, created_ns, sequence) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                trajectory.task_id,
                trajectory.project_id,
                judgement.label.value,
                lesson.title,
                state.pack(lesson.text) or "",
                state.now_ns,
                state.sequence,
            ),
        )
        state.run("UPDATE task SET experience_id = ? WHERE id = ?", (experience_id, trajectory.task_id))
    elif not _rewrite(state, experience_id, trajectory, judgement, lesson):
        return
    note_document(
        state,
        Document(
            id=experience_id,
            project_id=trajectory.project_id,
            title=lesson.title,
            text=lesson.text,
            goal=trajectory.goal,
            sequence=state.sequence,
            task_id=trajectory.task_id,
            search_text=state.rules.document(trajectory, lesson),
        ),
    )


def _rewrite(
    state: State, experience_id: int, trajectory: Trajectory, judgement: Judgement, lesson: Lesson
) -> bool:
    """Bring an experience up to date; return False where nothing changed, or where a person has retired it."""
    project_id, kind, title, text, retired, why = state.run(
        "SELECT project_id, kind, title, text, retired_ns IS NOT NULL, retired_why FROM experience WHERE id = ?",
        (experience_id,),
    ).fetchone()
    if retired and why not in (REOPENED, NOTHING_TO_TELL):
        return False
    new = (trajectory.project_id, judgement.label.value, lesson.title, lesson.text)
    if not retired and (project_id, kind, title, unpack_optional(text)) == new:
        return False
    state.run(
        "UPDATE experience SET project_id = ?, kind = ?, title = ?, text = ?, sequence = ?, retired_ns = NULL, "
        "retired_why = NULL WHERE id = ?",
        (*new[:3], state.pack(lesson.text) or "", state.sequence, experience_id),
    )
    return True


def note_document(state: State, document: Document) -> None:
    """Let the indexes hear of a new or changed experience after COMMIT."""
    state.documents[document.id] = document
    state.retired.pop(document.id, None)


def retire_experience(state: State, experience_id: int, *, reason: str, at_ns: int) -> bool:
    """Take an experience out of recall; False if it is unknown or retired already."""
    state.run(
        "UPDATE experience SET retired_ns = ?, retired_why = ?, sequence = ? WHERE id = ? AND retired_ns IS NULL",
        (at_ns, reason, state.sequence, experience_id),
    )
    if state.db.changes() == 0:
        return False
    state.documents.pop(experience_id, None)
    state.retired[experience_id] = None
    return True


def _retire_of(state: State, task_id: int, reason: str) -> None:
    experience_id = state.run("SELECT experience_id FROM task WHERE id = ?", (task_id,)).get
    if experience_id is not None:
        retire_experience(state, experience_id, reason=reason, at_ns=state.now_ns)
