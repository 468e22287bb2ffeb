"""A bank for tests: the real recorder on a scratch file, and sessions told event by event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reasoningbank_daemon.learning import experience, goals, outcome
from reasoningbank_daemon.learning.strategies import strategy_of
from reasoningbank_daemon.learning.trajectory import Judgement, Lesson, Trajectory
from reasoningbank_daemon.storage import migrations, sqlite
from reasoningbank_daemon.storage.recording.recorder import Recorder
from reasoningbank_daemon.storage.records import Effects, EventRecord, Record, SweepRecord
from reasoningbank_daemon.storage.rules import Rules
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    FileEdited,
    Origin,
    PromptSubmitted,
    SessionEnded,
    SubagentRequested,
    SubagentReturned,
    SubagentStarted,
    SubagentStopped,
    TurnEnded,
)
from reasoningbank_schema.messages import Receipt
from reasoningbank_schema.paths import Paths, resolve_paths
from reasoningbank_schema.redaction import redact

START_NS = 1_760_000_000_000_000_000
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS


def lesson_of(trajectory: Trajectory, judgement: Judgement) -> Lesson | None:
    """Tell the goal, the files and the outcome of any task that edited something."""
    files = sorted({step.path for step in trajectory.steps if step.path})
    if not files:
        return None
    text = f"Goal: {trajectory.goal}\nFiles: {', '.join(files)}\nOutcome: {judgement.label}"
    return Lesson(title=trajectory.goal[:80], text=text)


def real_rules() -> Rules:
    """Return the rules that the daemon uses, with the plain lesson above."""
    return Rules(
        continues=lambda prompt, goal, now_ns: goals.continues(prompt, goal, now_ns=now_ns),
        react=lambda prompt, at_ns: outcome.next_prompt_evidence(prompt, at_ns, joins=False),
        gather=outcome.gather,
        judge=outcome.judge,
        tell=lesson_of,
        name_strategy=lambda trajectory: strategy_of(trajectory.steps),
        document=experience.document_text,
    )


def scratch_paths(folder: Path) -> Paths:
    """Return the paths of a bank under a folder."""
    return resolve_paths({"RB_HOME": str(folder)}, home=folder)


def folder_as_project(cwd: str) -> str:
    """Take each folder for a project of its own."""
    return cwd


class Bank:
    """The recorder on its own connection, one transaction per call of `write`."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        self.path = path
        self.db = sqlite.open_writer(path, vfs=vfs)
        migrations.migrate(self.db, migrations.load_migrations(), now_ns=START_NS)
        self.recorder = Recorder(
            self.db, rules=real_rules(), redact=lambda text: redact(text).text, project_key=folder_as_project
        )
        self.effects: list[Effects] = []

    def write(self, *records: Record) -> list[Receipt]:
        with sqlite.transaction(self.db):
            receipts = [self.recorder.apply(record) for record in records]
            self.recorder.settle()
        self.effects.append(self.recorder.take_effects())
        return receipts

    def sweep(self, now_ns: int) -> None:
        self.write(SweepRecord(now_ns=now_ns))

    def value(self, sql: str, *values: Any) -> Any:
        return self.db.execute(sql, values).get

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.db.execute(sql, values).fetchall()

    def close(self) -> None:
        self.db.close()


class Play:
    """Tell one session: each call makes the record of an event, a second after the one before it."""

    def __init__(
        self, key: str = "s1", *, at_ns: int = START_NS, cwd: str = "/code/app", keyed: bool = True
    ) -> None:
        self.key = key
        self.at_ns = at_ns
        self.cwd = cwd
        self.keyed = keyed
        self.turn = 0
        self._calls = 0

    def wait(self, seconds: float) -> None:
        self.at_ns += round(seconds * SECOND_NS)

    def origin(self, **more: Any) -> Origin:
        self.at_ns += SECOND_NS
        turn_id = f"{self.key}-t{self.turn}" if self.keyed and self.turn else None
        fields = {"turn_id": turn_id, "cwd": self.cwd, **more}
        return Origin(host="claude-code", session_id=self.key, at_ns=self.at_ns, **fields)

    def record(self, event: AgentEvent, *, via: str = "settings") -> EventRecord:
        self._calls += 1
        number = self._calls.to_bytes(4, "big")
        name = self.key.encode()[:8].rjust(8, b"\0")
        content = repr(event).encode("utf-8", "surrogatepass")
        return EventRecord(
            nonce=number + name + bytes(4),
            at_ns=event.origin.at_ns,
            event=event,
            via=via,
            fingerprint=hashlib.sha256(content).digest()[:16],
        )

    def prompt(self, text: str) -> EventRecord:
        self.turn += 1
        return self.record(PromptSubmitted(origin=self.origin(), prompt=text))

    def run(self, command: str, *, status: int | None = 0, stdout: str = "", **more: Any) -> EventRecord:
        return self.record(
            CommandRun(origin=self.origin(**more), command=command, exit_status=status, stdout=stdout)
        )

    def edit(self, path: str, before: str = "a\n", after: str = "b\n", **more: Any) -> EventRecord:
        event = FileEdited(origin=self.origin(**more), tool="Edit", path=path, before=before, after=after)
        return self.record(event)

    def stop(self, message: str = "Done.", **more: Any) -> EventRecord:
        return self.record(TurnEnded(origin=self.origin(), last_message=message, **more))

    def end(self, reason: str = "other") -> EventRecord:
        return self.record(SessionEnded(origin=self.origin(), reason=reason))

    def ask_subagent(self, tool_use_id: str, prompt: str, kind: str = "general-purpose") -> EventRecord:
        event = SubagentRequested(
            origin=self.origin(), tool_use_id=tool_use_id, prompt=prompt, subagent_type=kind
        )
        return self.record(event)

    def start_subagent(self, agent_id: str, kind: str = "general-purpose") -> EventRecord:
        return self.record(SubagentStarted(origin=self.origin(agent_id=agent_id, agent_type=kind)))

    def stop_subagent(self, agent_id: str, message: str = "sub done") -> EventRecord:
        return self.record(SubagentStopped(origin=self.origin(agent_id=agent_id), last_message=message))

    def return_subagent(
        self,
        tool_use_id: str,
        agent_id: str,
        *,
        background: bool = False,
        result: str = "sub result",
        model: str | None = None,
    ) -> EventRecord:
        event = SubagentReturned(
            origin=self.origin(),
            tool_use_id=tool_use_id,
            child_agent_id=agent_id,
            subagent_type="general-purpose",
            background=background,
            result=result,
            model=model,
        )
        return self.record(event)


def picture(bank: Bank) -> list[dict[str, Any]]:
    """Describe all tasks without their ids, so that two banks can be compared."""
    tasks = []
    for (task_id,) in bank.rows("SELECT id FROM task ORDER BY started_ns, coalesce(agent_id, '')"):
        row = bank.db.execute(
            "SELECT s.key, t.kind, t.agent_id, t.tool_use_id, t.started_ns, t.last_event_ns, t.ended_ns, t.closed_by, "
            "t.label, t.probability, t.duration_ms, (SELECT started_ns FROM task p WHERE p.id = t.parent_task_id) "
            "FROM task t JOIN agent_session s ON s.id = t.session_id WHERE t.id = ?",
            (task_id,),
        ).get
        tasks.append(
            {
                "task": row,
                "turns": bank.rows(
                    "SELECT key, prompt, started_ns, ended_ns, stops, last_message FROM turn WHERE task_id = ? "
                    "ORDER BY started_ns",
                    task_id,
                ),
                "steps": bank.rows(
                    "SELECT at_ns, kind, path, command, output FROM step WHERE task_id = ? ORDER BY at_ns",
                    task_id,
                ),
                "evidence": bank.rows(
                    "SELECT kind, at_ns, value, detail FROM evidence WHERE task_id = ? AND withdrawn_ns IS NULL "
                    "ORDER BY kind, at_ns",
                    task_id,
                ),
                "lesson": bank.rows(
                    "SELECT e.kind, e.title, e.text FROM experience e JOIN task t ON t.experience_id = e.id "
                    "WHERE t.id = ? AND e.retired_ns IS NULL",
                    task_id,
                ),
            }
        )
    return tasks


def write_each(bank: Bank, records: Iterable[Record]) -> None:
    """Write each record in its own transaction."""
    for record in records:
        bank.write(record)
