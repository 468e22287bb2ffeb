"""What speaks for or against a task: stated from outside, or found in its steps; rows are never deleted."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind
from reasoningbank_daemon.storage.recording.state import State
from reasoningbank_daemon.storage.scrubbing import MESSAGE_CHARS


def add_stated(state: State, task_id: int, evidence: Evidence) -> None:
    """Add evidence from outside the steps; the task is judged again if it is closed."""
    evidence = _clean(state, evidence)
    known = {_identity(found) for _, found in read_evidence(state, task_id, stated=True)}
    if _identity(evidence) in known:
        return
    _append(state, task_id, evidence, stated=True)
    state.judge_later(task_id)


def replace_derived(state: State, task_id: int, gathered: Iterable[Evidence]) -> None:
    """Make the evidence found in a task what it is now: add what is new, mark what is no longer found."""
    stated = {_identity(found) for _, found in read_evidence(state, task_id, stated=True)}
    cleaned = (_clean(state, found) for found in gathered)
    wanted = {_identity(found): found for found in cleaned if _identity(found) not in stated}
    present = {_identity(found): number for number, found in read_evidence(state, task_id, stated=False)}
    for identity, number in present.items():
        if identity not in wanted:
            state.run(
                "UPDATE evidence SET withdrawn_ns = ? WHERE task_id = ? AND number = ?",
                (state.now_ns, task_id, number),
            )
    for identity, found in wanted.items():
        if identity not in present:
            _append(state, task_id, found, stated=False)


def read_evidence(state: State, task_id: int, *, stated: bool) -> list[tuple[int, Evidence]]:
    """Return the evidence in force, with the number of each row."""
    rows = state.run(
        "SELECT number, kind, at_ns, value, detail FROM evidence "
        "WHERE task_id = ? AND stated = ? AND withdrawn_ns IS NULL ORDER BY number",
        (task_id, int(stated)),
    )
    return [
        (number, Evidence(kind=EvidenceKind(kind), at_ns=at_ns, value=value, detail=detail or ""))
        for number, kind, at_ns, value, detail in rows
    ]


def _append(state: State, task_id: int, evidence: Evidence, *, stated: bool) -> None:
    number = state.run("SELECT coalesce(max(number), 0) + 1 FROM evidence WHERE task_id = ?", (task_id,)).get
    state.run(
        "INSERT INTO evidence (task_id, number, kind, at_ns, value, detail, stated) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            task_id,
            number,
            evidence.kind.value,
            evidence.at_ns,
            evidence.value,
            evidence.detail or None,
            int(stated),
        ),
    )


def _clean(state: State, evidence: Evidence) -> Evidence:
    return msgspec.structs.replace(evidence, detail=state.scrubber.head(evidence.detail, MESSAGE_CHARS))


def _identity(evidence: Evidence) -> tuple[str, int, float, str]:
    return evidence.kind.value, evidence.at_ns, evidence.value, evidence.detail
