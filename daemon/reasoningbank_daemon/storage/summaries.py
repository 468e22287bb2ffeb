"""Closed tasks as the statistics of models and similar tasks see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from reasoningbank_daemon.storage.records import TaskSummary

IDS_AT_ONCE = 500

_COLUMNS = (
    "SELECT t.id, t.project_id, t.kind, t.model, t.label, t.probability, t.duration_ms, t.cost_usd, t.strategy "
    "FROM task t "
)

_Row = tuple[Any, ...]  # the columns of _COLUMNS, whose types the STRICT tables enforce


def read_summary(db: apsw.Connection, task_id: int) -> TaskSummary | None:
    """Return one judged task, None if it is open or unknown."""
    row = db.execute(_COLUMNS + "WHERE t.id = ? AND t.label IS NOT NULL", (task_id,)).fetchone()
    return None if row is None else _summary(row)


def read_summaries(db: apsw.Connection, task_ids: Sequence[int]) -> dict[int, TaskSummary]:
    """Return the judged ones among some tasks, by id; meant for a handful of similar tasks."""
    found: dict[int, TaskSummary] = {}
    for start in range(0, len(task_ids), IDS_AT_ONCE):
        chunk = tuple(task_ids[start : start + IDS_AT_ONCE])
        marks = ",".join("?" * len(chunk))
        rows = db.execute(_COLUMNS + f"WHERE t.id IN ({marks}) AND t.label IS NOT NULL", chunk)
        found.update((row[0], _summary(row)) for row in rows)
    return found


def _summary(row: _Row) -> TaskSummary:
    task_id, project_id, kind, model, label, probability, duration_ms, cost_usd, strategy = row
    return TaskSummary(
        id=task_id,
        project_id=project_id,
        kind=kind,
        model=model,
        label=label,
        probability=probability,
        duration_s=(duration_ms or 0) / 1000,
        cost_usd=cost_usd,
        strategy=strategy,
    )
