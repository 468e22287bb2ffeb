"""The record of models, summed up by SQLite: 100,000 tasks in a moment, with no object for any of them."""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from reasoningbank_daemon.learning.tally import MAX_COST_USD, MAX_DURATION_S, MILLION, Tally, TallyKey
from reasoningbank_daemon.learning.trajectory import Label
from reasoningbank_daemon.storage.sqlite import fetch

_SUMS = """
WITH known AS (
    SELECT project_id, kind, model, label,
        coalesce(duration_ms, 0) AS duration_ms,
        coalesce(duration_ms, 0) BETWEEN 0 AND :max_duration_ms AS timed,
        CAST(cost_usd * :million + 0.5 AS INTEGER) AS cost,
        coalesce(cost_usd BETWEEN 0 AND :max_cost_usd, 0) AS priced,
        CAST(min(1.0, max(0.0, probability)) * :million + 0.5 AS INTEGER) AS chance
    FROM task WHERE label IS NOT NULL AND model IS NOT NULL
), weighed AS (
    SELECT *, coalesce(abs(2 * chance - :million), 0) AS weight FROM known
)
SELECT project_id, kind, model,
    count(*), sum(label = :success), sum(label = :failure), sum(weight),
    sum(CASE WHEN weight = 0 THEN 0
        WHEN chance * 2 >= :million THEN weight * chance / :million
        ELSE weight - weight * (:million - chance) / :million END),
    sum(CASE WHEN timed THEN duration_ms ELSE 0 END), sum(timed),
    sum(CASE WHEN priced THEN cost ELSE 0 END), sum(priced)
FROM weighed GROUP BY project_id, kind, model
"""
"""The arithmetic of `learning.tally`, in the same integers; a test holds the two together."""


def read_tallies(db: apsw.Connection) -> Iterator[tuple[TallyKey, Tally]]:
    """Yield the tally of each project, kind and model, the model named as its host names it."""
    bounds: dict[str, int | float | str] = {
        "million": MILLION,
        "max_duration_ms": round(MAX_DURATION_S * 1000),
        "max_cost_usd": MAX_COST_USD,
        "success": Label.SUCCESS.value,
        "failure": Label.FAILURE.value,
    }
    for project_id, kind, model, *sums in fetch(db, _SUMS, bounds):
        yield (
            TallyKey(project_id=project_id, kind=kind, model=model),
            Tally(**dict(zip(Tally.__struct_fields__, sums, strict=True))),
        )
