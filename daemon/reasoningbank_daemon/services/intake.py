"""From a request to the record that will be written: every host and every program end up as one event."""

from __future__ import annotations

from typing import assert_never

import msgspec

from reasoningbank_daemon.services.clock import Clock
from reasoningbank_daemon.storage.records import EventRecord, FeedbackRecord, RejectedRecord, RememberRecord
from reasoningbank_hooks.hosts import HOSTS
from reasoningbank_hooks.hosts.base import PayloadError
from reasoningbank_hooks.hosts.fingerprint import fingerprint
from reasoningbank_schema.envelope import RequestHeader
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    FileEdited,
    Origin,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    TurnEnded,
)
from reasoningbank_schema.messages import (
    EndSession,
    Feedback,
    HookEvent,
    PostCommand,
    PostEdit,
    PostTask,
    PreTask,
    Remember,
    StartSession,
)

REJECTED_SAMPLE_BYTES = 2048
"""How much of a payload that nobody understands is kept, redacted, for the person who looks into it."""

ProgramEvent = StartSession | EndSession | PreTask | PostEdit | PostCommand | PostTask
"""What a program that is not hooked says of its own work."""

Event = HookEvent | ProgramEvent | Feedback | Remember
"""Requests that have something to store; every other one is answered by `dispatch` alone."""

Understood = EventRecord | FeedbackRecord | RememberRecord


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Say why a payload can't become a record, and hold what is kept of it."""

    reason: str
    record: RejectedRecord


def understand(header: RequestHeader, request: Event, *, clock: Clock) -> Understood | Refusal:
    """Translate a request that has something to store; the sender's time becomes the event's.

    A sender's clock in the future (a clock that was set back since) is cut to ours, so that no task ends
    before it began.
    """
    at_ns = min(header.sent_ns, clock.now_ns())
    if isinstance(request, HookEvent):
        return _hook_event(header, request, at_ns)
    if isinstance(request, Feedback):
        return FeedbackRecord(nonce=header.nonce, at_ns=at_ns, feedback=request)
    if isinstance(request, Remember):
        return RememberRecord(nonce=header.nonce, at_ns=at_ns, remember=request)
    return EventRecord(
        nonce=header.nonce, at_ns=at_ns, event=_program_event(request, at_ns), copy=header.copy
    )


def _hook_event(header: RequestHeader, request: HookEvent, at_ns: int) -> EventRecord | Refusal:
    host = HOSTS.get(request.host)
    if host is None:
        return _refuse(
            header, request, at_ns, f"no host is called {request.host!r}; known: {', '.join(HOSTS)}"
        )
    try:
        event = host.decode(request.event, request.payload, at_ns, args=request.args, cwd=request.cwd)
    except PayloadError as error:
        return _refuse(header, request, at_ns, str(error))
    return EventRecord(
        nonce=header.nonce,
        at_ns=at_ns,
        via=request.via,
        fingerprint=fingerprint(request.host, request.event, event.origin, request.payload),
        event=event,
        copy=header.copy,
    )


def _refuse(header: RequestHeader, request: HookEvent, at_ns: int, reason: str) -> Refusal:
    record = RejectedRecord(
        nonce=header.nonce,
        at_ns=at_ns,
        host=request.host[:64],
        event=request.event[:64],
        reason=reason[:500],
        size=len(request.payload),
        copy=header.copy,
        sample=request.payload[:REJECTED_SAMPLE_BYTES],
    )
    return Refusal(reason=reason, record=record)


def _program_event(request: ProgramEvent, at_ns: int) -> AgentEvent:
    """Translate a typed message of a program that is not hooked."""
    match request:
        case StartSession():
            origin = _origin(request, at_ns, cwd=request.cwd, model=request.model)
            return SessionStarted(origin=origin, source="program")
        case EndSession():
            return SessionEnded(origin=_origin(request, at_ns), reason="program")
        case PreTask():
            origin = _origin(request, at_ns, cwd=request.cwd, model=request.model)
            return PromptSubmitted(origin=origin, prompt=request.prompt)
        case PostEdit():
            return FileEdited(
                origin=_origin(request, at_ns),
                tool="program",
                path=request.path,
                before=request.before,
                after=request.after,
                created=request.before is None,
            )
        case PostCommand():
            return CommandRun(
                origin=_origin(request, at_ns),
                command=request.command,
                exit_status=request.exit_status,
                stdout=request.output,
                duration_ms=request.duration_ms,
            )
        case PostTask():
            return TurnEnded(
                origin=_origin(request, at_ns),
                last_message=request.detail,
                success=request.success,
                tokens_in=request.tokens_in,
                tokens_out=request.tokens_out,
            )
        case _:
            assert_never(request)


def _origin(
    request: ProgramEvent,
    at_ns: int,
    *,
    cwd: str = "",
    model: str | None = None,
) -> Origin:
    return Origin(host=request.agent, session_id=request.session, at_ns=at_ns, cwd=cwd, model=model)
