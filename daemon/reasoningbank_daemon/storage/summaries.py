"""Closed tasks as the statistics of models and similar tasks see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from reasoningbank_daemon.storage.records import TaskSummary

IDS_AT_ONCE = 500

_COLUMNS = (
    "t.id, t.project_id, t.kind, t.model, t.label, t.probability, t.duration_ms, t.cost_usd, t.strategy"
)

_Row = tuple[Any, ...]  # the columns of _COLUMNS, whose types the STRICT tables enforce
_rows = msgspec.json.Decoder(list[_Row])


def read_summary(db: apsw.Connection, task_id: int) -> TaskSummary | None:
    """Return one judged task, None if it is open or unknown."""
    statement = f"SELECT {_COLUMNS} FROM task t WHERE t.id = ? AND t.label IS NOT NULL"  # noqa: S608  fixed text
    row = db.execute(statement, (task_id,)).fetchone()
    return None if row is None else _summary(row)


def read_summaries(db: apsw.Connection, task_ids: Sequence[int]) -> dict[int, TaskSummary]:
    """Return the judged ones among some tasks, by id; meant for a handful of similar tasks."""
    found: dict[int, TaskSummary] = {}
    for start in range(0, len(task_ids), IDS_AT_ONCE):
        chunk = tuple(task_ids[start : start + IDS_AT_ONCE])
        marks = ",".join("?" * len(chunk))
        # One row, because each is a step of SQLite's for which the interpreter is let go, and has to be got back.
        rows: str = db.execute(
            f"SELECT json_group_array(json_array({_COLUMNS})) FROM task t "  # noqa: S608  placeholders only
            f"WHERE t.id IN ({marks}) AND t.label IS NOT NULL",
            chunk,
        ).get
        found.update((row[0], _summary(row)) for row in _rows.decode(rows))
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
