"""Experiences and their vectors, for the indexes and for recall."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apsw
import msgspec

from reasoningbank_daemon.learning.trajectory import Lesson, Trajectory
from reasoningbank_daemon.storage.compression import unpack, unpack_optional
from reasoningbank_daemon.storage.records import Document, Stamp, TaskSummary
from reasoningbank_daemon.storage.sqlite import fetch
from reasoningbank_daemon.storage.summaries import COLUMNS, summary_of
from reasoningbank_daemon.storage.trajectories import read_trajectory

_FIRST_PROMPT = (
    "(SELECT prompt FROM turn u JOIN task t ON t.id = e.task_id "
    "WHERE u.session_id = t.session_id AND u.task_id = t.id AND u.prompt IS NOT NULL "
    "ORDER BY u.started_ns, u.id LIMIT 1)"
)
_FIELDS = f"SELECT e.id, e.project_id, e.title, e.text, {_FIRST_PROMPT}, e.sequence, e.task_id, e.kind"
_DOCUMENT = f"{_FIELDS} FROM experience e "
_STORED = _FIELDS + ", (SELECT probability FROM task WHERE id = e.task_id) FROM experience e "  # noqa: S608  fixed text
_HEADS = (
    f"SELECT json_group_array(json_array(e.id, e.project_id, e.kind, {COLUMNS})) FROM experience e "  # noqa: S608  fixed text
    "LEFT JOIN task t ON t.id = e.task_id AND t.label IS NOT NULL WHERE e.id IN ({marks}) AND e.retired_ns IS NULL"
)
"""One row, because each is a step of SQLite's for which the interpreter is let go, and has to be got back."""

_GOAL = (
    "SELECT e.project_id, u.prompt FROM experience e JOIN task t ON t.id = e.task_id "
    "JOIN turn u ON u.session_id = t.session_id AND u.task_id = t.id "
    "WHERE e.id = ? AND e.retired_ns IS NULL AND u.prompt IS NOT NULL ORDER BY u.started_ns, u.id LIMIT 1"
)

IDS_AT_ONCE = 500
_GOLDEN = (5**0.5 - 1) / 2


class StoredExperience(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an experience as recall gives it: ``kind`` is the label of its task's judgement, or "told"."""

    document: Document
    kind: str
    probability: float | None = None


class ExperienceHead(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what ranking needs of an experience, and its task where that is judged; ``kind`` as in `StoredExperience`."""

    id: int
    project_id: int
    kind: str
    task: TaskSummary | None = None


_rows = msgspec.json.Decoder(list[tuple[Any, ...]])


def iterate_documents(
    db: apsw.Connection, search_text: Callable[[Trajectory, Lesson], str], *, since_sequence: int = 0
) -> Iterator[Document]:
    """Yield each experience in force that changed after a sequence, in the order of change, as indexes need it.

    ``search_text`` makes a task's text (`rules.Rules.document`). About 0.3 ms each, because the whole task is read;
    no read transaction is kept in between.
    """
    for row in _changed(db, since_sequence):
        document = _document(row)
        trajectory = None if document.task_id is None else read_trajectory(db, document.task_id)
        text = (
            told_search_text(document.title, document.text)
            if trajectory is None
            else search_text(trajectory, Lesson(title=document.title, text=document.text))
        )
        yield msgspec.structs.replace(document, search_text=text)


def changed_since(db: apsw.Connection, sequence: int) -> int:
    """Count the experiences that changed after a sequence."""
    found: int = db.execute("SELECT count(*) FROM experience WHERE sequence > ?", (sequence,)).get
    return found


def sample_goals(db: apsw.Connection, limit: int) -> tuple[tuple[int, int, str], ...]:
    """Return experience, project and goal of up to ``limit`` tasks that told something, spread over the whole bank.

    Which ones is a function of the bank alone, and reading them takes the same time however large it is.
    """
    newest: int = db.execute("SELECT coalesce(max(id), 0) FROM experience").get
    # Multiples of the golden ratio lie evenly without a period that the order of projects could fall in with.
    ids = (
        range(1, newest + 1)
        if newest <= limit
        else (1 + int(newest * (k * _GOLDEN % 1)) for k in range(limit))
    )
    found: dict[int, tuple[int, int, str]] = {}
    for identifier in ids:
        row = db.execute(_GOAL, (identifier,)).fetchone()
        if row is not None:
            found[identifier] = (identifier, row[0], unpack(row[1]))
    return tuple(found[identifier] for identifier in sorted(found))


def _changed(db: apsw.Connection, since_sequence: int) -> Iterator[tuple]:  # type: ignore[type-arg]  # see _DOCUMENT
    place = (since_sequence, 1 << 62)
    while rows := fetch(
        db,
        _DOCUMENT
        + "WHERE (e.sequence, e.id) > (?, ?) AND e.retired_ns IS NULL ORDER BY e.sequence, e.id LIMIT ?",
        (*place, IDS_AT_ONCE),
    ):
        yield from rows
        place = (rows[-1][5], rows[-1][0])


def changed_between(
    db: apsw.Connection, after: tuple[int, int], until_sequence: int, *, limit: int
) -> tuple[Document, ...]:
    """Return experiences in force whose last change, (sequence, id), lies after one and not beyond another.

    In the order of change; what the lexical index holds of them is left out.
    """
    rows = fetch(
        db,
        _DOCUMENT + "WHERE (e.sequence, e.id) > (?, ?) AND e.sequence <= ? AND e.retired_ns IS NULL "
        "ORDER BY e.sequence, e.id LIMIT ?",
        (*after, until_sequence, limit),
    )
    return tuple(_document(row) for row in rows)


def count_changed(db: apsw.Connection, after: tuple[int, int], until_sequence: int) -> int:
    """Return how many experiences `changed_between` would return without a limit."""
    found: int = db.execute(
        "SELECT count(*) FROM experience WHERE (sequence, id) > (?, ?) AND sequence <= ? AND retired_ns IS NULL",
        (*after, until_sequence),
    ).get
    return found


def told_search_text(title: str, text: str) -> str:
    """Return what the lexical index holds of an experience that a user told."""
    return text if text.startswith(title) else f"{title}\n{text}"


def retired_since(db: apsw.Connection, sequence: int) -> tuple[int, ...]:
    """Return the experiences that were retired after a sequence."""
    rows = db.execute(
        "SELECT id FROM experience WHERE sequence > ? AND retired_ns IS NOT NULL ORDER BY id", (sequence,)
    )
    return tuple(row[0] for row in rows)


def read_projects(db: apsw.Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return the project of each experience among some ids."""
    found: dict[int, int] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        chunk = tuple(ids[start : start + IDS_AT_ONCE])
        marks = ",".join("?" * len(chunk))  # the only thing that is put into the statement below
        found.update(db.execute(f"SELECT id, project_id FROM experience WHERE id IN ({marks})", chunk))  # noqa: S608  placeholders only
    return found


def read_heads(db: apsw.Connection, ids: Sequence[int]) -> tuple[ExperienceHead, ...]:
    """Return what ranking needs of the experiences in force among some ids, in no order; meant for a handful."""
    # To look whether there is another row would be a step more.
    rows: str = next(db.execute(_HEADS.format(marks=",".join("?" * len(ids))), tuple(ids)))[0]
    return tuple(
        ExperienceHead(
            id=row[0],
            project_id=row[1],
            kind=row[2],
            task=None if row[3] is None else summary_of(row[3:]),
        )
        for row in _rows.decode(rows)
    )


def read_texts(db: apsw.Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the texts of the experiences in force among some ids; meant for a handful."""
    if len(ids) == 1:
        row = db.execute(
            "SELECT text FROM experience WHERE id = ? AND retired_ns IS NULL", tuple(ids)
        ).fetchone()
        return {} if row is None else {ids[0]: unpack(row[0])}
    marks = ",".join("?" * len(ids))
    rows = db.execute(
        f"SELECT id, text FROM experience WHERE id IN ({marks}) AND retired_ns IS NULL",  # noqa: S608  placeholders only
        tuple(ids),
    )
    return {identifier: unpack(text) for identifier, text in rows}


def read_experiences(db: apsw.Connection, ids: Sequence[int]) -> dict[int, StoredExperience]:
    """Return the experiences in force among some ids, with what became of their tasks."""
    found: dict[int, StoredExperience] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        chunk = tuple(ids[start : start + IDS_AT_ONCE])
        marks = ",".join("?" * len(chunk))  # the only thing that is put into the statements below
        for row in db.execute(_STORED + f"WHERE e.id IN ({marks}) AND e.retired_ns IS NULL", chunk):
            found[row[0]] = StoredExperience(document=_document(row), kind=row[7], probability=row[8])
    return found


def read_vectors(db: apsw.Connection, stamp: Stamp, owner: str, ids: Sequence[int]) -> dict[int, bytes]:
    """Return the vectors of some owners under one stamp, by owner."""
    found: dict[int, bytes] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        chunk = tuple(ids[start : start + IDS_AT_ONCE])
        marks = ",".join("?" * len(chunk))  # the only thing that is put into the statements below
        rows = db.execute(
            "SELECT v.owner_id, v.blob FROM vector v JOIN stamp s ON s.id = v.stamp_id WHERE s.model = ? "  # noqa: S608  placeholders only
            f"AND s.dimension = ? AND s.version = ? AND v.owner = ? AND v.owner_id IN ({marks})",
            (stamp.model, stamp.dimension, stamp.version, owner, *chunk),
        )
        found.update(rows)
    return found


def _document(row: tuple) -> Document:  # type: ignore[type-arg]  # the columns of _DOCUMENT
    identity, project_id, title, text, goal, sequence, task_id = row[:7]
    return Document(
        id=identity,
        project_id=project_id,
        title=title,
        text=unpack(text),
        goal=unpack_optional(goal),
        sequence=sequence,
        task_id=task_id,
    )
