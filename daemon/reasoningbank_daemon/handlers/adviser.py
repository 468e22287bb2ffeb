"""Which handler has something to say about an event, and in which form its sender wants it.

To add advice for another event: write the handler in a module of its own, and name it in `adviser_for`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from reasoningbank_daemon.handlers.post_edit import (
    advise_later,
    advise_on_edit,
    judge_edit,
    session_of,
    sum_up,
)
from reasoningbank_daemon.handlers.pre_task import advise_task, tell_task
from reasoningbank_daemon.handlers.subagent import advise_subagent
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.services.intake import Understood
from reasoningbank_daemon.storage.records import EventRecord
from reasoningbank_hooks.hosts import HOSTS
from reasoningbank_schema.advice import Advice
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    FileEdited,
    FilesEdited,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    SubagentRequested,
    ToolUsed,
    TurnEnded,
)
from reasoningbank_schema.messages import HookEvent, Request, encode_reply


class Adviser(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the work that makes an answer's body; ``urgent`` work has a pool of its own."""

    urgent: bool
    work: Callable[[], bytes]


def adviser_for(services: Services, request: Request, record: Understood) -> Adviser | None:
    """Return who answers this event, or None when nobody has anything to say about it.

    A copy (resent, or out of the spool) gets no advice: its moment has passed.
    """
    if not isinstance(record, EventRecord) or record.copy:
        return None
    event = record.event
    if isinstance(request, HookEvent):
        return _for_hook(services, request, record)
    if isinstance(event, PromptSubmitted):
        prompt = event
        return Adviser(
            urgent=True, work=lambda: encode_reply(advise_task(services, prompt, nonce=record.nonce))
        )
    if isinstance(event, FileEdited):
        edit = event
        return Adviser(
            urgent=False, work=lambda: encode_reply(judge_edit(services, edit, nonce=record.nonce))
        )
    follow_session(services, event)
    return None


def _for_hook(services: Services, request: HookEvent, record: EventRecord) -> Adviser | None:
    event = record.event
    advise: Callable[[], Advice]
    match event:
        case PromptSubmitted():
            # The session may have begun under an earlier daemon: no start will be heard of, and edits are near.
            _make_engines_ready(services)
            prompt = event
            urgent, advise = True, lambda: tell_task(services, prompt, nonce=record.nonce)
        case SubagentRequested():
            subagent = event
            urgent, advise = True, lambda: advise_subagent(services, subagent, nonce=record.nonce)
        case FileEdited() | FilesEdited():
            edits = event
            urgent, advise = False, lambda: advise_on_edit(services, edits, nonce=record.nonce)
        case CommandRun() | ToolUsed() if services.edits.has_later(session_of(event.origin)):
            origin = event.origin
            urgent, advise = False, lambda: advise_later(services, origin)
        case TurnEnded() if services.edits.has_open(session_of(event.origin)):
            origin = event.origin
            urgent, advise = False, lambda: sum_up(services, origin)
        case _:
            follow_session(services, event)
            return None
    return Adviser(urgent=urgent, work=lambda: _render(request, event, advise()))


def follow_session(services: Services, event: AgentEvent) -> None:
    """Make the engines ready for a session that begins, forget one that ended; never waits."""
    if isinstance(event, SessionStarted):
        _make_engines_ready(services)
    elif isinstance(event, SessionEnded):
        services.edits.forget(session_of(event.origin))


def _make_engines_ready(services: Services) -> None:
    if services.settings.current.quality.enabled:
        services.edits.warm()


def _render(request: HookEvent, event: AgentEvent, advice: Advice) -> bytes:
    return HOSTS[request.host].render(request.event, advice, event)
