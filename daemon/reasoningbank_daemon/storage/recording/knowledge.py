"""What is told or computed rather than seen: feedback, lessons, vectors, settings, rejected events."""

from __future__ import annotations

import msgspec

from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind
from reasoningbank_daemon.storage.recording.evidence import add_stated
from reasoningbank_daemon.storage.recording.outcomes import note_document, retire_experience
from reasoningbank_daemon.storage.recording.receipts import current_task
from reasoningbank_daemon.storage.recording.sessions import known_session, project_id
from reasoningbank_daemon.storage.recording.state import RecordError, State
from reasoningbank_daemon.storage.records import (
    Document,
    EvidenceRecord,
    FeedbackRecord,
    RejectedRecord,
    RememberRecord,
    RetireRecord,
    SettingRecord,
    Stamp,
    VectorRecord,
)
from reasoningbank_daemon.storage.scrubbing import LESSON_CHARS, MESSAGE_CHARS, NAME_CHARS
from reasoningbank_schema.messages import Rating

REJECTED_KEPT = 1_000
TITLE_CHARS = 120

_RATED_TASK = {Rating.GOOD: 1.0, Rating.BAD: -1.0}
"""Ratings of the task itself. The others rate advice or a verdict: they are kept, and say nothing of the task."""


def add_evidence(state: State, record: EvidenceRecord) -> int:
    """Add evidence to a task; return the task it is about now."""
    task_id = current_task(state, record.task_id)
    if state.run("SELECT 1 FROM task WHERE id = ?", (task_id,)).get is None:
        raise RecordError(f"there is no task {record.task_id}; list them with: reasoningbank tasks list")
    add_stated(state, task_id, record.evidence)
    return task_id


def add_feedback(state: State, record: FeedbackRecord) -> int:
    """Store a rating of a task, or of the latest task of a session; return the task."""
    feedback = record.feedback
    task_id = feedback.task_id
    if task_id is not None:
        task_id = current_task(state, task_id)
        if state.run("SELECT 1 FROM task WHERE id = ?", (task_id,)).get is None:
            raise RecordError(
                f"there is no task {feedback.task_id}; list them with: reasoningbank tasks list"
            )
    else:
        session = known_session(state, feedback.agent, feedback.session or "")
        if session is None or not session.turns:
            raise RecordError(
                f"session {feedback.session!r} of {feedback.agent!r} has no task to rate; give a task id"
            )
        task_id = session.turns[-1].task_id
    note = state.scrubber.head(feedback.note, MESSAGE_CHARS)
    state.run(
        "INSERT INTO feedback (task_id, at_ns, rating, note) VALUES (?, ?, ?, ?)",
        (task_id, record.at_ns, feedback.rating.value, note),
    )
    value = _RATED_TASK.get(feedback.rating)
    if value is not None:
        detail = f"rated {feedback.rating.value}" + (f": {note}" if note else "")
        add_stated(
            state,
            task_id,
            Evidence(kind=EvidenceKind.FEEDBACK, at_ns=record.at_ns, value=value, detail=detail),
        )
    return task_id


def remember(state: State, record: RememberRecord) -> int:
    """Store a lesson in the user's own words as an experience; return its id."""
    told = record.remember
    text = state.scrubber.head(told.text, LESSON_CHARS).strip()
    if not text:
        raise RecordError(
            "there is nothing to remember: the text is empty, or only what ReasoningBank said itself"
        )
    title = state.scrubber.head(told.title, TITLE_CHARS).strip() or text.splitlines()[0][:TITLE_CHARS]
    project = project_id(state, told.cwd)
    tags = msgspec.json.encode([state.scrubber.name(tag, NAME_CHARS) for tag in told.tags]).decode()
    experience_id = state.insert(
        "INSERT INTO experience (project_id, kind, title, text, tags, created_ns, sequence) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            project,
            "told",
            title,
            state.pack(text) or "",
            tags if told.tags else None,
            record.at_ns,
            state.sequence,
        ),
    )
    note_document(
        state,
        Document(
            id=experience_id, project_id=project, title=title, text=text, goal="", sequence=state.sequence
        ),
    )
    return experience_id


def retire(state: State, record: RetireRecord) -> None:
    """Take experiences out of recall."""
    reason = state.scrubber.head(record.reason, MESSAGE_CHARS)
    for experience_id in record.experience_ids:
        retire_experience(state, experience_id, reason=reason, at_ns=record.at_ns)


def add_vectors(state: State, record: VectorRecord) -> None:
    """Store vectors under their stamp; a newer one of the same owner replaces the older."""
    size = 2 * record.stamp.dimension
    stamp_id = _stamp(state, record.stamp)
    for embedded in record.vectors:
        if len(embedded.vector) != size:
            raise RecordError(
                f"a vector of {record.stamp.model} has {size} bytes, this one {len(embedded.vector)}"
            )
        state.run(
            "INSERT INTO vector (stamp_id, owner, owner_id, blob) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (stamp_id, owner, owner_id) DO UPDATE SET blob = excluded.blob",
            (stamp_id, record.owner, embedded.owner_id, embedded.vector),
        )


def _stamp(state: State, stamp: Stamp) -> int:
    key = (stamp.model, stamp.dimension, stamp.version)
    found = state.stamps.get(key)
    if found is None:
        row = state.run("SELECT id FROM stamp WHERE model = ? AND dimension = ? AND version = ?", key).get
        found = row or state.insert("INSERT INTO stamp (model, dimension, version) VALUES (?, ?, ?)", key)
        state.stamps[key] = found
    return found


def set_setting(state: State, record: SettingRecord) -> None:
    """Set or remove one of the bank's own settings."""
    if record.value is None:
        state.run("DELETE FROM setting WHERE name = ?", (record.name,))
        return
    state.run(
        "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (record.name, record.value),
    )


def keep_rejected(state: State, record: RejectedRecord) -> None:
    """Keep a sample of a payload that nobody understands, once per call; the oldest ones make room."""
    sample = state.scrubber.whole(record.sample.decode("utf-8", "replace"))
    state.run(
        "INSERT INTO rejected_event (at_ns, host, event, reason, size, sample) VALUES (?, ?, ?, ?, ?, ?)",
        (
            record.at_ns,
            state.scrubber.name(record.host) or "",
            state.scrubber.name(record.event) or "",
            state.scrubber.head(record.reason, MESSAGE_CHARS),
            record.size,
            sample,
        ),
    )
    newest = state.db.last_insert_rowid()
    state.run("DELETE FROM rejected_event WHERE id <= ?", (newest - REJECTED_KEPT,))
