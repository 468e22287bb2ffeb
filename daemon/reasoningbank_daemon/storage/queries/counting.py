"""How much is in the bank."""

from __future__ import annotations

import apsw
import msgspec


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Count what the bank holds; ``experiences`` are those that recall can find."""

    sessions: int
    tasks: int
    open_tasks: int
    steps: int
    experiences: int
    retired: int
    rejected: int
    sequence: int


def read_counts(db: apsw.Connection) -> Counts:
    """Count everything at one moment; a few milliseconds with 100,000 tasks."""
    row = db.execute(
        "SELECT (SELECT count(*) FROM agent_session), (SELECT count(*) FROM task), "
        "(SELECT count(*) FROM task WHERE ended_ns IS NULL), (SELECT coalesce(max(id), 0) FROM step), "
        "(SELECT count(*) FROM experience), (SELECT count(*) FROM experience WHERE retired_ns IS NOT NULL), "
        "(SELECT count(*) FROM rejected_event), "
        "coalesce((SELECT value FROM meta WHERE name = 'sequence'), 0)"
    ).get
    sessions, tasks, open_tasks, steps, told, retired, rejected, sequence = row
    return Counts(
        sessions=sessions,
        tasks=tasks,
        open_tasks=open_tasks,
        steps=steps,
        experiences=told - retired,
        retired=retired,
        rejected=rejected,
        sequence=sequence,
    )
