"""Apply records to the bank, one after the other, and settle what they touched before COMMIT."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import apsw

from reasoningbank_daemon.storage.recording import (
    decisions,
    knowledge,
    sessions,
    steps,
    subagents,
    turns,
    usage,
)
from reasoningbank_daemon.storage.recording.names import with_clean_names
from reasoningbank_daemon.storage.recording.outcomes import judge_touched
from reasoningbank_daemon.storage.recording.receipts import (
    OUTSIDE_SESSIONS,
    drop_old_receipts,
    find_at_rest,
    find_call,
    find_receipt,
    find_twin,
    find_whole,
    keep_call,
    keep_receipt,
)
from reasoningbank_daemon.storage.recording.regroup import regroup_session
from reasoningbank_daemon.storage.recording.sessions import session_of
from reasoningbank_daemon.storage.recording.state import SessionState, State, TaskState
from reasoningbank_daemon.storage.recording.tasks import sweep
from reasoningbank_daemon.storage.recording.transcripts import mention_transcript
from reasoningbank_daemon.storage.records import (
    DecisionRecord,
    Effects,
    EventRecord,
    EvidenceRecord,
    FeedbackRecord,
    Record,
    RejectedRecord,
    RememberRecord,
    RetireRecord,
    SettingRecord,
    SweepRecord,
    UsageRecord,
    VectorRecord,
    VerdictRecord,
)
from reasoningbank_daemon.storage.rules import Rules
from reasoningbank_daemon.storage.scrubbing import NAME_CHARS, Scrubber
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    Committed,
    FileEdited,
    FilesEdited,
    ModelSwitched,
    Noted,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    SubagentRequested,
    SubagentReturned,
    SubagentStarted,
    SubagentStopped,
    ToolUsed,
    TurnEnded,
)
from reasoningbank_schema.messages import Receipt

Filed = tuple[TaskState | None, int | None]
"""The task of an event, and its step if it became one."""


class Recorder:
    """Turn records into rows; belongs to the writer thread.

    Call `apply` for each record of a transaction, then `settle`, then COMMIT, then `take_effects`. After a
    rollback call `forget`.
    """

    def __init__(
        self,
        db: apsw.Connection,
        *,
        rules: Rules,
        redact: Callable[[str], str],
        project_key: Callable[[str], str],
    ) -> None:
        self._state = State(db, rules=rules, scrubber=Scrubber(redact), project_key=project_key)
        self._unread = False

    @property
    def sequence(self) -> int:
        """The sequence of the last record applied."""
        return self._state.sequence

    def apply(self, record: Record) -> Receipt:  # noqa: C901, PLR0911, PLR0912  one case per kind of record, nothing else
        """Write one record and say what it became.

        Raises
        ------
        RecordError
            When the record can never be stored.
        """
        state = self._state
        if self._unread:
            state.forget()
            self._unread = False
        match record:
            case EventRecord():
                return self._event(record)
            case DecisionRecord():
                return self._plain(task_id=decisions.add_decision(state, record), at_ns=record.at_ns)
            case VerdictRecord():
                task_id, step_id = steps.attach_verdict(state, record)
                return self._plain(task_id=task_id, step_id=step_id)
            case EvidenceRecord():
                state.now_ns = max(state.now_ns, record.evidence.at_ns)
                return self._plain(task_id=knowledge.add_evidence(state, record))
            case FeedbackRecord() | RememberRecord():
                return self._told(record)
            case UsageRecord():
                usage.add_usage(state, record)
                return self._plain(at_ns=record.at_ns)
            case RejectedRecord():
                return self._rejected(record)
            case SweepRecord():
                state.now_ns = max(state.now_ns, record.now_ns)
                sweep(state, now_ns=record.now_ns, idle_s=record.idle_s)
                drop_old_receipts(state, now_ns=record.now_ns)
                return self._plain()
            case SettingRecord():
                knowledge.set_setting(state, record)
                return self._plain()
            case RetireRecord():
                receipt = self._plain(at_ns=record.at_ns)
                knowledge.retire(state, record)
                return receipt
            case VectorRecord():
                knowledge.add_vectors(state, record)
                return self._plain()
            case _:
                assert_never(record)

    def settle(self) -> None:
        """Finish the transaction's work: late arrivals regrouped, closed tasks judged, all that moved written."""
        state = self._state
        while state.regroup_since:
            _, (session, since_ns) = state.regroup_since.popitem()
            regroup_session(state, session, since_ns)
        state.flush()
        judge_touched(state)
        state.evict()

    def take_effects(self) -> Effects:
        """Return what the transaction changed beside the bank, and begin the next one; call it after COMMIT."""
        state = self._state
        effects = Effects(
            sequence=state.sequence,
            experiences=tuple(state.documents.values()),
            retired=tuple(state.retired),
            tasks=tuple(state.task_changes),
        )
        state.clear_touched()
        return effects

    def forget(self) -> None:
        """Drop what a rolled-back transaction left in memory."""
        self._state.forget()

    def forget_safely(self) -> None:
        """Do as `forget`, or drop what is in memory at the next record, where the bank can't be read now."""
        try:
            self._state.forget()
        except apsw.Error:
            self._unread = True

    def _plain(self, *, task_id: int | None = None, step_id: int | None = None, at_ns: int = 0) -> Receipt:
        self._state.now_ns = max(self._state.now_ns, at_ns)
        return Receipt(sequence=self._state.next_sequence(), task_id=task_id, step_id=step_id)

    def _event(self, record: EventRecord) -> Receipt:
        state = self._state
        state.now_ns = max(state.now_ns, record.at_ns)
        event = with_clean_names(record.event, state.scrubber)
        session = session_of(state, event.origin)
        known = find_call(state, session, record.nonce)
        if known is None and session.at_rest:
            known = find_at_rest(state, session.id, record.at_ns)
        if known is not None:
            return known
        via = state.scrubber.identity(record.via[:NAME_CHARS])
        twin = find_twin(state, session, record.fingerprint, via)
        if twin is not None:
            keep_call(state, session, record.nonce, twin, fingerprint=record.fingerprint, via=via)
            return twin
        task, step_id = _file(state, session, event)
        receipt = Receipt(
            sequence=state.next_sequence(), task_id=None if task is None else task.id, step_id=step_id
        )
        keep_call(state, session, record.nonce, receipt, fingerprint=record.fingerprint, via=via)
        if isinstance(event, PromptSubmitted) and task is not None and task.agent_id is None:
            state.asked[record.nonce] = (receipt.sequence, task.id)
        return receipt

    def _told(self, record: FeedbackRecord | RememberRecord) -> Receipt:
        state = self._state
        state.now_ns = max(state.now_ns, record.at_ns)
        known = find_receipt(state, OUTSIDE_SESSIONS, record.nonce)
        if known is not None:
            return known
        sequence = state.next_sequence()
        if isinstance(record, FeedbackRecord):
            receipt = Receipt(sequence=sequence, task_id=knowledge.add_feedback(state, record))
        else:
            receipt = Receipt(sequence=sequence, experience_id=knowledge.remember(state, record))
        keep_receipt(state, OUTSIDE_SESSIONS, record.nonce, receipt)
        return receipt

    def _rejected(self, record: RejectedRecord) -> Receipt:
        state = self._state
        known = find_receipt(state, OUTSIDE_SESSIONS, record.nonce) if record.nonce else None
        if known is None and record.nonce and record.copy:
            known = find_whole(state, record.nonce, record.at_ns)
        if known is not None:
            return known
        knowledge.keep_rejected(state, record)
        receipt = self._plain(at_ns=record.at_ns)
        if record.nonce:
            keep_receipt(state, OUTSIDE_SESSIONS, record.nonce, receipt)
        return receipt


def _file(state: State, session: SessionState, event: AgentEvent) -> Filed:  # noqa: C901, PLR0911, PLR0912  one case per event
    """Put an event where it belongs; return its task and, if it became one, its step."""
    match event:
        case PromptSubmitted() if event.origin.agent_id is not None:
            return subagents.place_event(state, session, event.origin)[0], None
        case PromptSubmitted():
            return session.tasks[turns.begin_turn(state, session, event).task_id], None
        case FileEdited():
            return steps.add_edit(state, session, event)
        case FilesEdited():
            return steps.add_edits(state, session, event)
        case CommandRun():
            return steps.add_command(state, session, event)
        case ToolUsed():
            return steps.add_tool(state, session, event)
        case SubagentRequested():
            return subagents.request_subagent(state, session, event), None
        case SubagentStarted():
            return subagents.start_subagent(state, session, event), None
        case SubagentReturned():
            return subagents.return_subagent(state, session, event)
        case SubagentStopped():
            return subagents.stop_subagent(state, session, event), None
        case TurnEnded() if event.origin.agent_id is not None:
            stopped = SubagentStopped(origin=event.origin, last_message=event.last_message)
            return subagents.stop_subagent(state, session, stopped), None
        case TurnEnded():
            return turns.end_turn(state, session, event), None
        case SessionEnded():
            turns.end_session(state, session, event)
            return None, None
        case SessionStarted():
            mention_transcript(state, session.id, event.origin.transcript_path, None, event.origin.at_ns)
            return None, None
        case ModelSwitched():
            return sessions.switch_model(state, session, event), None
        case Committed():
            sessions.note_commit(state, session, event)
            return None, None
        case Noted():
            return None, None
        case _:
            assert_never(event)
