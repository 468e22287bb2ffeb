"""What can be written to the bank: one tagged union of requests, and what the writer answers.

A record is a value: it knows no connection, and it says everything that the writer needs. Records are applied
in the order in which they were submitted.
"""

from __future__ import annotations

from typing import Any

import msgspec

from reasoningbank_daemon.learning.trajectory import Evidence
from reasoningbank_schema.advice import ModelSelection
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.events import AgentEvent
from reasoningbank_schema.messages import Feedback, Receipt, Remember
from reasoningbank_schema.vectors import Stamp as Stamp  # noqa: PLC0414  re-exported: part of VectorRecord
from reasoningbank_schema.verdicts import EditVerdict


class EventRecord(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """Record what happened in an agent.

    ``nonce`` has 16 bytes and is stored once. ``fingerprint`` tells what the payload was, so that the n-th
    arrival by one installation (``via``) pairs with the n-th by another; empty means that it has no twin.
    """

    nonce: bytes
    at_ns: int
    event: AgentEvent
    via: str = ""
    fingerprint: bytes = b""
    copy: bool = False


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True, tag="decision"):
    """Record the advice given on an event, with everything that is needed to compute it again.

    ``nonce``, ``host`` and ``session_id`` are those of the event that asked. ``inputs`` is what the decision
    was computed from, as JSON values. ``applied`` says whether the choice took effect (a subagent's model was
    set), ``experience_id`` which experience was put before the model.
    """

    nonce: bytes
    host: str
    session_id: str
    at_ns: int
    selection: ModelSelection
    inputs: dict[str, Any]  # JSON values; their shape belongs to the code that decides
    config_sha256: str
    code_version: str
    models_version: str
    applied: bool = False
    experience_id: int | None = None


class VerdictRecord(msgspec.Struct, frozen=True, kw_only=True, tag="verdict"):
    """Attach an edit's verdict to its step; ``index`` counts the files of one `FilesEdited`, from 0."""

    nonce: bytes
    host: str
    session_id: str
    verdict: EditVerdict
    index: int = 0


class EvidenceRecord(msgspec.Struct, frozen=True, kw_only=True, tag="evidence"):
    """Add evidence that did not come from the steps (git, a program's statement); the task is judged again."""

    task_id: int
    evidence: Evidence


class FeedbackRecord(msgspec.Struct, frozen=True, kw_only=True, tag="feedback"):
    """Record what a person or a program says about a task or its advice."""

    nonce: bytes
    at_ns: int
    feedback: Feedback


class RememberRecord(msgspec.Struct, frozen=True, kw_only=True, tag="remember"):
    """Store a lesson in the user's own words."""

    nonce: bytes
    at_ns: int
    remember: Remember


class UsageMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one message of a model used, as its transcript says.

    A message may be reported again (it spans several lines): the last report counts, once. ``cost_usd`` None
    needs ``cost_unknown`` to say why.
    """

    message_id: str
    at_ns: int
    model: str
    tokens_input: int = 0
    tokens_output: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write_5m: int = 0
    tokens_cache_write_1h: int = 0
    cost_usd: float | None = None
    cost_unknown: str | None = None


class UsageRecord(msgspec.Struct, frozen=True, kw_only=True, tag="usage"):
    """Record what a transcript says up to ``byte_offset``: messages and the cursor are stored together.

    ``at_ns`` is when it was read.
    """

    host: str
    session_id: str
    path: str
    byte_offset: int
    messages: tuple[UsageMessage, ...]
    price_list: str
    at_ns: int = 0
    agent_id: str | None = None


class RejectedRecord(msgspec.Struct, frozen=True, kw_only=True, tag="rejected"):
    """Keep a sample of a payload that could not be understood; only the newest ones are kept.

    Nothing is kept of a ``copy`` whose call came whole as well.
    """

    nonce: bytes
    at_ns: int
    host: str
    event: str
    reason: str
    size: int = 0
    sample: bytes = b""
    copy: bool = False


class SweepRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sweep"):
    """Close every task that has been idle for ``idle_s`` at ``now_ns``."""

    now_ns: int
    idle_s: float = 1800.0


class SettingRecord(msgspec.Struct, frozen=True, kw_only=True, tag="setting"):
    """Set one of the bank's own settings (`queries.setting` reads it); None removes it."""

    name: str
    value: str | None


class RetireRecord(msgspec.Struct, frozen=True, kw_only=True, tag="retire"):
    """Take experiences out of recall; they stay in the bank."""

    experience_ids: tuple[int, ...]
    at_ns: int
    reason: str


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one vector: float16, little-endian, two bytes a dimension, of one owner."""

    owner_id: int
    vector: bytes


class VectorRecord(msgspec.Struct, frozen=True, kw_only=True, tag="vector"):
    """Store vectors of one stamp and one kind of owner ("experience", "task", …); newer ones replace older."""

    stamp: Stamp
    owner: str
    vectors: tuple[Embedded, ...]


Record = (
    EventRecord
    | DecisionRecord
    | VerdictRecord
    | EvidenceRecord
    | FeedbackRecord
    | RememberRecord
    | UsageRecord
    | RejectedRecord
    | SweepRecord
    | SettingRecord
    | RetireRecord
    | VectorRecord
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Say what became of a record; ``receipt`` is set exactly when it is stored, ``reason`` when it is not."""

    stored: Stored
    receipt: Receipt | None = None
    reason: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an experience as the indexes and the advice see it.

    ``goal`` is the prompt of the task that it came from, "" for what a user told. ``sequence`` is that of its
    last change. ``search_text`` is what the lexical index should hold; it is "" where only the experience itself
    was asked for.
    """

    id: int
    project_id: int
    title: str
    text: str
    goal: str
    sequence: int
    task_id: int | None = None
    search_text: str = ""


class TaskSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the statistics of models and similar tasks need of one closed task.

    ``duration_s`` is the time in which the agent worked: from each prompt to the end of its turn.
    """

    id: int
    project_id: int
    kind: str
    model: str | None
    label: str
    probability: float | None
    duration_s: float
    cost_usd: float | None
    strategy: str | None = None


class TaskChange(msgspec.Struct, frozen=True, kw_only=True):
    """Say how a closed task changed: ``before`` None = it was just closed, ``after`` None = it was reopened."""

    before: TaskSummary | None
    after: TaskSummary | None


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a group of records changed in what is kept in memory beside the bank; given after COMMIT.

    ``sequence`` is the last one acknowledged. An experience in ``experiences`` is new or has a new text.
    """

    sequence: int
    experiences: tuple[Document, ...] = ()
    retired: tuple[int, ...] = ()
    tasks: tuple[TaskChange, ...] = ()
