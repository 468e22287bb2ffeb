"""Closed tasks as the statistics of models and similar tasks see them."""

from __future__ import annotations

from typing import Any

import apsw

from reasoningbank_daemon.storage.records import TaskSummary

COLUMNS = "t.id, t.project_id, t.kind, t.model, t.label, t.probability, t.duration_ms, t.cost_usd, t.strategy"
"""What `summary_of` needs of a row of ``task t``."""


def read_summary(db: apsw.Connection, task_id: int) -> TaskSummary | None:
    """Return one judged task, None if it is open or unknown."""
    statement = f"SELECT {COLUMNS} FROM task t WHERE t.id = ? AND t.label IS NOT NULL"  # noqa: S608  fixed text
    row = db.execute(statement, (task_id,)).fetchone()
    return None if row is None else summary_of(row)


def summary_of(row: tuple[Any, ...]) -> TaskSummary:
    """Make a summary of the columns of `COLUMNS`, whose types the STRICT tables enforce."""
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
