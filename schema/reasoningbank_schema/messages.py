"""The bodies on the wire: one tagged union of requests, one of replies, in MessagePack.

New fields get defaults; a type or a tag never changes its meaning. `docs/protocol.md` shows one example of
each, and a test decodes them all.
"""

from __future__ import annotations

import enum
from typing import TypeVar

import msgspec

from reasoningbank_schema.advice import Experience, ModelSelection
from reasoningbank_schema.verdicts import EditVerdict


class HookEvent(msgspec.Struct, frozen=True, kw_only=True, tag="hook_event"):
    """Pass on what a hook got on stdin, untouched; the answer's body is what it prints, byte for byte.

    ``via`` tells two installations of the same hook apart (settings, plugin). ``args`` and ``cwd`` serve
    hosts whose hooks speak through argv (git).
    """

    host: str
    event: str
    payload: bytes
    via: str = "settings"
    args: tuple[str, ...] = ()
    cwd: str = ""
    truncated: bool = False


class StartSession(msgspec.Struct, frozen=True, kw_only=True, tag="start_session"):
    """Open a session of a program that is not hooked; ``session`` is any id that the caller keeps."""

    session: str
    cwd: str
    agent: str = "program"
    model: str | None = None


class EndSession(msgspec.Struct, frozen=True, kw_only=True, tag="end_session"):
    """Close a session and its open task."""

    session: str
    agent: str = "program"


class PreTask(msgspec.Struct, frozen=True, kw_only=True, tag="pre_task"):
    """Begin a turn; the reply is a `TaskAdvice`."""

    session: str
    prompt: str
    cwd: str = ""
    agent: str = "program"
    model: str | None = None


class PostEdit(msgspec.Struct, frozen=True, kw_only=True, tag="post_edit"):
    """Report a changed file; the reply is an `EditJudged`. ``before`` None means a new file."""

    session: str
    path: str
    after: str
    before: str | None = None
    agent: str = "program"


class PostCommand(msgspec.Struct, frozen=True, kw_only=True, tag="post_command"):
    """Report a command that ran."""

    session: str
    command: str
    exit_status: int
    output: str = ""
    duration_ms: int | None = None
    agent: str = "program"


class PostTask(msgspec.Struct, frozen=True, kw_only=True, tag="post_task"):
    """End a turn. ``success`` is the caller's own statement, one piece of evidence among others."""

    session: str
    success: bool | None = None
    detail: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    agent: str = "program"


class Rating(enum.StrEnum):
    """Name what a person or a program says about advice or a task."""

    HELPED = "helped"
    MISLED = "misled"
    FALSE_ALARM = "false_alarm"
    GOOD = "good"
    BAD = "bad"


class Feedback(msgspec.Struct, frozen=True, kw_only=True, tag="feedback"):
    """Rate a task (by id, or the latest one of a session)."""

    rating: Rating
    task_id: int | None = None
    session: str | None = None
    note: str = ""
    agent: str = "program"


MAX_RECALLED = 50
"""The most experiences that one `Recall` gets; a greater ``limit`` counts as this one."""


class Recall(msgspec.Struct, frozen=True, kw_only=True, tag="recall"):
    """Find experience like ``query``; the reply is a `Recalled` with at most ``limit`` (1 to `MAX_RECALLED`)."""

    query: str
    cwd: str = ""
    limit: int = 5


class Remember(msgspec.Struct, frozen=True, kw_only=True, tag="remember"):
    """Store a lesson in one's own words; it is recalled as experience is."""

    text: str
    title: str = ""
    cwd: str = ""
    tags: tuple[str, ...] = ()


class Status(msgspec.Struct, frozen=True, kw_only=True, tag="status"):
    """Ask for the daemon's figures; the reply is a `DaemonStatus`. Answered by the poller itself."""


class ControlAction(enum.StrEnum):
    """Name what `Control` asks for."""

    PING = "ping"
    STOP = "stop"
    RELOAD = "reload"
    DRAIN_SPOOL = "drain_spool"


class Control(msgspec.Struct, frozen=True, kw_only=True, tag="control"):
    """Steer the daemon; never waits behind work."""

    action: ControlAction


Request = (
    HookEvent
    | StartSession
    | EndSession
    | PreTask
    | PostEdit
    | PostCommand
    | PostTask
    | Feedback
    | Recall
    | Remember
    | Status
    | Control
)


class TaskAdvice(msgspec.Struct, frozen=True, kw_only=True, tag="task_advice"):
    """Answer a `PreTask`."""

    selection: ModelSelection
    experience: Experience | None = None
    embedder: str = ""
    """Which embedder took part in the recall (`lexical` alone when none did)."""


class EditJudged(msgspec.Struct, frozen=True, kw_only=True, tag="edit_judged"):
    """Answer a `PostEdit`; ``text`` is what an agent would be told, None when nothing got worse."""

    verdict: EditVerdict
    text: str | None = None


class Recalled(msgspec.Struct, frozen=True, kw_only=True, tag="recalled"):
    """Answer a `Recall`, best first."""

    experiences: tuple[Experience, ...]
    embedder: str
    threshold: float
    threshold_basis: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True, tag="receipt"):
    """Be the body of an answer that says `stored`: the ids that the event became; ``copy`` if it was there."""

    sequence: int
    task_id: int | None = None
    step_id: int | None = None
    experience_id: int | None = None
    copy: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """Answer a request that has no advice to give."""


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """Say what happened, why, and what to do: the body where a code is not OK or an event is not stored."""

    message: str


class DaemonStatus(msgspec.Struct, frozen=True, kw_only=True, tag="daemon_status"):
    """Report the daemon's state; every figure is measured or counted, none estimated."""

    version: str
    pid: int
    state: str
    uptime_s: float
    home: str
    bank: str
    tasks: int
    experiences: int
    sequence: int
    requests: int
    stored: int
    rejected: int
    malformed: int
    busy: int
    late: int
    spooled: int
    spool_dropped: int
    embedder: str
    lexical_documents: int
    vector_documents: int
    threshold: float | None
    threshold_basis: str
    rss_bytes: int
    children: int
    warnings: tuple[str, ...] = ()
    vectors_waiting: int = 0
    """Experiences that the configured embedder has not seen yet."""
    unsent: int = 0
    """Answers whose receiver had gone, or read too slowly."""


Reply = TaskAdvice | EditJudged | Recalled | Receipt | Done | Failure | DaemonStatus

_T = TypeVar("_T")
_encoder = msgspec.msgpack.Encoder()
_request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_reply_decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def encode_request(request: Request) -> bytes:
    """Encode a request body as MessagePack."""
    return _encoder.encode(request)


def decode_request(body: bytes) -> Request:
    """Decode a request body.

    Raises
    ------
    msgspec.ValidationError
        When a field is missing or of the wrong type, or the tag is unknown.
    msgspec.DecodeError
        When the bytes are not MessagePack.
    """
    return _decode(_request_decoder, body)


def encode_reply(reply: Reply) -> bytes:
    """Encode a reply body as MessagePack."""
    return _encoder.encode(reply)


def decode_reply(body: bytes) -> Reply:
    """Decode a reply body; raises as `decode_request` does."""
    return _decode(_reply_decoder, body)


def _decode(decoder: msgspec.msgpack.Decoder[_T], body: bytes) -> _T:
    try:
        return decoder.decode(body)
    except (UnicodeDecodeError, RecursionError) as error:
        # msgspec lets these two through as they are; to a caller they are bytes that can't be read.
        raise msgspec.DecodeError(str(error)) from error
