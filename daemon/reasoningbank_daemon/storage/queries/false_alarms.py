"""How often the people of a project called a finding of a quality rule a false alarm."""

from __future__ import annotations

import re
from collections import Counter

import apsw

_RULE = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?::|$)")
"""A note on a false alarm begins with the rule's name: `reasoningbank feedback false_alarm --rule NAME` writes it so."""

_NOTES = """
SELECT feedback.note, count(*) FROM feedback JOIN task ON task.id = feedback.task_id
JOIN project ON project.id = task.project_id
WHERE feedback.rating = 'false_alarm' AND project.key = ? GROUP BY feedback.note
"""


def read_false_alarms(db: apsw.Connection, project_key: str) -> dict[str, int]:
    """Return the count by rule; a note that names no rule counts for none."""
    counts: Counter[str] = Counter()
    for note, count in db.execute(_NOTES, (project_key,)):
        if (named := _RULE.match(note)) is not None:
            counts[named[1]] += count
    return dict(counts)
