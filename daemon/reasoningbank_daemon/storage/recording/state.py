"""What the writer keeps in memory between records: open sessions, what must still be settled, the sequence.

All of it can be read back from the bank: it is dropped whenever a transaction is rolled back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import apsw

from reasoningbank_daemon.storage.compression import Packed, TextPacker
from reasoningbank_daemon.storage.records import Document, TaskChange, TaskSummary
from reasoningbank_daemon.storage.rules import Rules
from reasoningbank_daemon.storage.scrubbing import Scrubber
from reasoningbank_daemon.storage.summaries import read_summary

SESSIONS_KEPT, MARKS_KEPT = 256, 400_000
"""Sessions in memory, and marks of calls in all of them; any other session is read back when it speaks again."""

ASKED_KEPT = 256

Value = str | bytes | int | float | None
"""What a column can hold."""


class Rows(Protocol):
    """See a cursor as rows whose types the statement knows (STRICT tables enforce them), and mypy does not."""

    get: Any  # the one value, the one row, the rows, or None

    def fetchone(self) -> Any:
        """Return the next row or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class RecordError(ValueError):
    """A record can never be stored; the message says why."""


@dataclass(slots=True)
class TurnState:
    """Hold one turn of a session's main line."""

    id: int
    task_id: int
    key: str | None
    started_ns: int
    has_prompt: bool


@dataclass(slots=True)
class TaskState:
    """Hold a task of a session; a subagent's has an ``agent_id`` and one turn of its own."""

    id: int
    session_id: int
    agent_id: str | None
    started_ns: int
    last_ns: int
    closed_by: str | None
    turn_id: int | None = None
    parent_turn_id: int | None = None
    stopped_ns: int | None = None  # of a subagent: its last Stop


@dataclass(slots=True)
class SessionState:
    """Hold a session: its main turns in the order of time, its tasks, its subagents.

    ``reported`` marks the calls that were stored (`receipts.keep_call`): a mark that is not in it was never stored.
    """

    id: int
    host: str
    key: str
    project_id: int
    cwd_ns: int
    model: str | None
    model_ns: int
    last_ns: int
    at_rest: bool = False
    ends: list[int] = field(default_factory=list)
    turns: list[TurnState] = field(default_factory=list)
    by_key: dict[str, TurnState] = field(default_factory=dict)
    tasks: dict[int, TaskState] = field(default_factory=dict)
    agents: dict[str, TaskState] = field(default_factory=dict)
    reported: set[int] = field(default_factory=set)


class State:
    """Carry the writer's connection, its tools, its memory, and what the running transaction has touched."""

    def __init__(
        self,
        db: apsw.Connection,
        *,
        rules: Rules,
        scrubber: Scrubber,
        project_key: Callable[[str], str],
    ) -> None:
        self.db = db
        self.rules = rules
        self.scrubber = scrubber
        self.project_key = project_key
        self._packer = TextPacker()
        self.forget()

    def forget(self) -> None:
        """Drop everything that was read or touched; the next record reads it back."""
        self.sessions: OrderedDict[tuple[str, str], SessionState] = OrderedDict()
        self.session_keys: dict[int, tuple[str, str]] = {}
        self.marks = 0  # in all of these sessions
        self.projects: dict[str, int] = {}
        self.vias: dict[str, int] = {}
        self.bases: dict[tuple[str, str, str], int] = {}
        self.stamps: dict[tuple[str, int, str], int] = {}
        self.asked: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        """Sequence and task of the last prompts by nonce, until their decision is stored."""
        found = self.db.execute("SELECT value FROM meta WHERE name = 'sequence'").get
        self.sequence: int = found or 0
        self.clear_touched()

    def clear_touched(self) -> None:
        """Begin a transaction with nothing to settle."""
        self.now_ns = 0
        self.stored_sequence = self.sequence
        self.moved_tasks: dict[int, TaskState] = {}
        self.moved_sessions: dict[int, SessionState] = {}
        self.regroup_since: dict[int, tuple[SessionState, int]] = {}
        self.stirred: set[int] = set()  # turns that are new or not what they were
        self.to_judge: dict[int, TaskSummary | None] = {}
        self.documents: dict[int, Document] = {}
        self.retired: dict[int, None] = {}
        self.task_changes: list[TaskChange] = []

    def remember(self, session: SessionState) -> None:
        """Keep a session in memory, as the last one that spoke."""
        key = (session.host, session.key)
        self.sessions[key] = session
        self.session_keys[session.id] = key
        self.marks += len(session.reported)

    def next_sequence(self) -> int:
        """Give the record under way its place in the order of all records."""
        self.sequence += 1
        return self.sequence

    def run(self, sql: str, values: tuple[Value, ...] = ()) -> Rows:
        """Execute one statement.

        Raises
        ------
        RecordError
            When a number in it has more than 64 bits: a host's JSON can hold such, SQLite can't.
        """
        try:
            return cast(Rows, self.db.execute(sql, values))
        except OverflowError as error:
            raise RecordError("a number in it has more than 64 bits") from error

    def insert(self, sql: str, values: tuple[Value, ...]) -> int:
        """Execute an INSERT and return the new row's id; errors as of `run`."""
        self.run(sql, values)
        return self.db.last_insert_rowid()

    def pack(self, text: str | None) -> Packed | None:
        """Pack a text for a column, None for an empty one."""
        return self._packer.pack(text) if text else None

    def touch(self, task: TaskState, at_ns: int) -> None:
        """Let a task's time span cover a moment."""
        if at_ns > task.last_ns:
            task.last_ns = at_ns
            self.moved_tasks[task.id] = task
        if at_ns < task.started_ns:
            task.started_ns = at_ns
            self.moved_tasks[task.id] = task

    def judge_later(self, task_id: int) -> None:
        """Have a task judged before COMMIT.

        To be called before the first change of what a summary tells of it: that is what the statistics of models
        were told, and what they must give back.
        """
        if task_id not in self.to_judge:
            self.to_judge[task_id] = read_summary(self.db, task_id)

    def regroup(self, session: SessionState, since_ns: int) -> None:
        """Ask for a session's tasks to be derived anew from ``since_ns`` on, before COMMIT."""
        known = self.regroup_since.get(session.id)
        since = since_ns if known is None else min(since_ns, known[1])
        self.regroup_since[session.id] = (session, since)

    def flush(self) -> None:
        """Write what was only moved in memory."""
        for task in self.moved_tasks.values():
            self.db.execute(
                "UPDATE task SET started_ns = ?, last_event_ns = ? WHERE id = ?",
                (task.started_ns, task.last_ns, task.id),
            )
        for session in self.moved_sessions.values():
            self.db.execute(
                "UPDATE agent_session SET last_event_ns = ? WHERE id = ?", (session.last_ns, session.id)
            )
        if self.sequence != self.stored_sequence:
            self.db.execute(
                "INSERT INTO meta (name, value) VALUES ('sequence', ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (self.sequence,),
            )
            self.stored_sequence = self.sequence
        self.moved_tasks.clear()
        self.moved_sessions.clear()

    def evict(self) -> None:
        """Keep memory bounded: forget the sessions that have been silent longest."""
        while len(self.sessions) > SESSIONS_KEPT or (self.marks > MARKS_KEPT and len(self.sessions) > 1):
            _, session = self.sessions.popitem(last=False)
            self.session_keys.pop(session.id, None)
            self.marks -= len(session.reported)
        while len(self.asked) > ASKED_KEPT:
            self.asked.popitem(last=False)
        names: tuple[dict[Any, int], ...] = (self.projects, self.vias, self.bases, self.stamps)
        for known in names:
            if len(known) > SESSIONS_KEPT:
                known.clear()
