"""Decisions given: each stored once, beside the turn or the request for a subagent that it was made for."""

from __future__ import annotations

from typing import NamedTuple

from reasoningbank_daemon.storage.recording.receipts import find_receipt
from reasoningbank_daemon.storage.recording.sessions import known_session
from reasoningbank_daemon.storage.recording.state import RecordError, SessionState, State
from reasoningbank_daemon.storage.records import DecisionRecord


def add_decision(state: State, record: DecisionRecord) -> int | None:
    """Store a decision once per event; return the task it was made for.

    Raises
    ------
    RecordError
        When the event that asked is not in the bank.
    """
    session = known_session(state, record.host, record.session_id)
    place = None if session is None else _just_asked(state, session, record) or _asked(state, session, record)
    if place is None:
        raise RecordError("a decision came for an event that is not in the bank")
    if place.decided:
        return place.task_id
    state.run(
        "INSERT INTO decision (task_id, turn_id, delegation_id, event_sequence, at_ns, basis_id, model, evidence, "
        "confidence, applied, experience_id, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            place.task_id,
            place.turn_id,
            place.delegation_id,
            place.sequence,
            record.at_ns,
            _basis(state, record),
            record.selection.model,
            record.selection.evidence,
            record.selection.confidence,
            int(record.applied),
            record.experience_id,
            state.pack(_detail(state, record)) or "",
        ),
    )
    return place.task_id


class _Place(NamedTuple):
    """Say where a decision belongs, and whether it is there already."""

    sequence: int  # of the event that asked
    task_id: int | None
    turn_id: int | None = None
    delegation_id: int | None = None
    decided: bool = False


def _just_asked(state: State, session: SessionState, record: DecisionRecord) -> _Place | None:
    """Return the place of the first decision on a prompt that came a moment ago; None where the bank must be asked."""
    sequence, task_id = state.asked.pop(record.nonce, (0, 0))
    if task_id not in session.tasks:  # joined with another one since
        return None
    for turn in reversed(session.turns):
        if turn.started_ns == record.at_ns and turn.task_id == task_id:
            return _Place(sequence, task_id, turn.id)
    return None


def _asked(state: State, session: SessionState, record: DecisionRecord) -> _Place | None:
    """Look up the place of a decision; None when the event that asked is not in the bank."""
    receipt = find_receipt(state, session.id, record.nonce)
    if receipt is None:
        return None
    known = state.run(
        "SELECT coalesce(task_id, 0) FROM decision WHERE event_sequence = ?1 AND (task_id = ?2 OR task_id IS NULL "
        "OR task_id IN (SELECT child_task_id FROM delegation WHERE session_id = ?3 AND task_id = ?2)) LIMIT 1",
        (receipt.sequence, receipt.task_id, session.id),
    ).get
    if known is not None:
        return _Place(receipt.sequence, known or None, decided=True)
    asked = state.run(
        "SELECT id, child_task_id FROM delegation WHERE session_id = ? AND at_ns = ? AND task_id = ?",
        (session.id, record.at_ns, receipt.task_id),
    ).fetchone()
    if asked is not None:
        return _Place(receipt.sequence, asked[1], delegation_id=asked[0])
    turn_id = state.run(
        "SELECT id FROM turn WHERE session_id = ? AND task_id = ? AND started_ns = ?",
        (session.id, receipt.task_id, record.at_ns),
    ).get
    return _Place(receipt.sequence, receipt.task_id, turn_id)


def _detail(state: State, record: DecisionRecord) -> str:
    return state.scrubber.json({"inputs": record.inputs, "selection": record.selection})


def _basis(state: State, record: DecisionRecord) -> int:
    key = (record.config_sha256, record.code_version, record.models_version)
    found = state.bases.get(key)
    if found is None:
        row = state.run(
            "SELECT id FROM basis WHERE config_sha256 = ? AND code_version = ? AND models_version = ?", key
        ).get
        found = row or state.insert(
            "INSERT INTO basis (config_sha256, code_version, models_version) VALUES (?, ?, ?)", key
        )
        state.bases[key] = found
    return found
