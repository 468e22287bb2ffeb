"""Steps: edits as diffs, commands with their exit status, any other tool call."""

from __future__ import annotations

import msgspec

from reasoningbank_daemon.learning.trajectory import StepKind
from reasoningbank_daemon.storage.diffs import describe_edit, text_sha
from reasoningbank_daemon.storage.recording.receipts import find_receipt
from reasoningbank_daemon.storage.recording.sessions import known_session
from reasoningbank_daemon.storage.recording.state import RecordError, SessionState, State, TaskState
from reasoningbank_daemon.storage.recording.subagents import place_event
from reasoningbank_daemon.storage.recording.tasks import task_state
from reasoningbank_daemon.storage.records import VerdictRecord
from reasoningbank_daemon.storage.scrubbing import COMMAND_CHARS, OUTPUT_CHARS, PATH_CHARS
from reasoningbank_daemon.storage.trajectories import STEP_KINDS, VERDICTS
from reasoningbank_schema.events import CommandRun, FileEdited, FilesEdited, ToolUsed
from reasoningbank_schema.verdicts import EditVerdict, Issue

ISSUES_KEPT = 5
"""Issues of a verdict that are stored in words; the label, the scores and the count say the rest."""

_KIND_CODES = {kind: code for code, kind in enumerate(STEP_KINDS)}

_INSERT = (
    "INSERT INTO step (task_id, turn_id, at_ns, kind, ok, tool, path, command, exit_status, output, diff, "
    "before_sha, after_sha, tool_use_id, duration_ms, interrupted) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def add_edit(state: State, session: SessionState, event: FileEdited) -> tuple[TaskState, int]:
    """Store an edit; return its task and the step's id."""
    task, turn_id = place_event(state, session, event.origin)
    return task, _insert_edit(state, task, turn_id, event)


def add_edits(state: State, session: SessionState, event: FilesEdited) -> tuple[TaskState, int | None]:
    """Store each file of one tool call as a step, with ids that follow each other; return the first one's."""
    task, turn_id = place_event(state, session, event.origin)
    ids = [_insert_edit(state, task, turn_id, edit) for edit in event.edits]
    return task, ids[0] if ids else None


def _insert_edit(state: State, task: TaskState, turn_id: int, edit: FileEdited) -> int:
    scrubber = state.scrubber
    return state.insert(
        _INSERT,
        (
            task.id,
            turn_id,
            edit.origin.at_ns,
            _KIND_CODES[StepKind.EDIT],
            1,
            scrubber.name(edit.tool),
            scrubber.name(edit.path, PATH_CHARS),
            None,
            None,
            None,
            state.pack(describe_edit(edit, scrubber)),
            text_sha(edit.before),
            text_sha(edit.after),
            edit.tool_use_id,
            edit.duration_ms,
            None,
        ),
    )


def add_command(state: State, session: SessionState, event: CommandRun) -> tuple[TaskState, int]:
    """Store a command with the tail of its output."""
    task, turn_id = place_event(state, session, event.origin)
    output = (
        f"{event.stdout}\n{event.stderr}" if event.stdout and event.stderr else event.stdout or event.stderr
    )
    ok = None if event.exit_status is None else int(event.exit_status == 0 and not event.interrupted)
    step_id = state.insert(
        _INSERT,
        (
            task.id,
            turn_id,
            event.origin.at_ns,
            _KIND_CODES[StepKind.COMMAND],
            ok,
            None,
            None,
            state.pack(state.scrubber.head(event.command, COMMAND_CHARS)),
            event.exit_status,
            state.pack(state.scrubber.tail(output, OUTPUT_CHARS)),
            None,
            None,
            None,
            event.tool_use_id,
            event.duration_ms,
            int(event.interrupted) or None,
        ),
    )
    return task, step_id


def add_tool(state: State, session: SessionState, event: ToolUsed) -> tuple[TaskState, int]:
    """Store any other tool call."""
    task, turn_id = place_event(state, session, event.origin)
    step_id = state.insert(
        _INSERT,
        (
            task.id,
            turn_id,
            event.origin.at_ns,
            _KIND_CODES[StepKind.TOOL],
            int(event.ok),
            state.scrubber.name(event.tool),
            None,
            None,
            None,
            state.pack(state.scrubber.tail(event.error, OUTPUT_CHARS)),
            None,
            None,
            None,
            event.tool_use_id,
            event.duration_ms,
            int(event.interrupted) or None,
        ),
    )
    return task, step_id


def attach_verdict(state: State, record: VerdictRecord) -> tuple[int, int]:
    """Store an edit's verdict with its step; return the ids of task and step.

    Raises
    ------
    RecordError
        When the edit is not in the bank.
    """
    session = known_session(state, record.host, record.session_id)
    receipt = None if session is None else find_receipt(state, session.id, record.nonce)
    if receipt is None or receipt.step_id is None:
        raise RecordError("a verdict came for an edit that is not in the bank")
    step_id = receipt.step_id + record.index
    row = state.run("SELECT task_id, kind FROM step WHERE id = ?", (step_id,)).fetchone()
    if row is None or row[1] != _KIND_CODES[StepKind.EDIT]:
        raise RecordError(f"a verdict came for step {step_id}, which is no edit")
    state.run(
        "UPDATE step SET verdict = ?, verdict_detail = ? WHERE id = ?",
        (VERDICTS.index(record.verdict.label.value), state.pack(_compact(state, record.verdict)), step_id),
    )
    task = task_state(state, row[0])
    if task is None or task.closed_by is not None:
        state.judge_later(row[0])
    return row[0], step_id


def _compact(state: State, verdict: EditVerdict) -> str | None:
    """Return what is kept of a verdict beyond its label, as JSON; None where there is nothing to say."""
    if not verdict.issues and not verdict.fixed and not verdict.engines_missing:
        return None

    def cleaned(issue: Issue) -> Issue:
        return msgspec.structs.replace(
            issue,
            message=state.scrubber.head(issue.message, 300),
            suggestion=state.scrubber.head(issue.suggestion, 200),
        )

    return msgspec.json.encode(
        {
            "language": verdict.language,
            "score": [verdict.score_before, verdict.score_after],
            "new": verdict.new_issues,
            "fixed": verdict.fixed,
            "issues": [cleaned(issue) for issue in verdict.issues[:ISSUES_KEPT]],
            "missing": [missing.engine for missing in verdict.engines_missing],
        }
    ).decode()
