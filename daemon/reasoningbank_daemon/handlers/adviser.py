"""Which handler has something to say about an event, and in which form its sender wants it.

To add advice for another event: write the handler in a module of its own, and name it in `adviser_for`.
"""

from __future__ import annotations

import functools
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
from reasoningbank_daemon.quality.judging.session_edits import Remark
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
    Origin,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    SubagentRequested,
    ToolUsed,
    TurnEnded,
)
from reasoningbank_schema.messages import HookEvent, Request, encode_reply


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Hold an answer's body, and what is to be done where it came too late for who asked."""

    body: bytes
    unheard: Callable[[], None] | None = None


class Adviser(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the work that makes an answer; ``urgent`` work has a pool of its own."""

    urgent: bool
    work: Callable[[], Answer]


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
            urgent=True,
            work=lambda: Answer(body=encode_reply(advise_task(services, prompt, nonce=record.nonce))),
        )
    if isinstance(event, FileEdited):
        edit = event
        return Adviser(
            urgent=False,
            work=lambda: Answer(body=encode_reply(judge_edit(services, edit, nonce=record.nonce))),
        )
    follow_session(services, event)
    return None


def _for_hook(services: Services, request: HookEvent, record: EventRecord) -> Adviser | None:
    event = record.event

    def answer(advice: Advice) -> Answer:
        return Answer(body=HOSTS[request.host].render(request.event, advice, event))

    def answer_on_edits(advice: Advice, remarks: tuple[Remark, ...], origin: Origin) -> Answer:
        unheard = functools.partial(services.edits.keep_unheard, session_of(origin), remarks)
        return msgspec.structs.replace(answer(advice), unheard=unheard if remarks else None)

    work: Callable[[], Answer]
    match event:
        case PromptSubmitted():
            # The session may have begun under an earlier daemon: no start will be heard of, and edits are near.
            _make_engines_ready(services)
            prompt = event
            urgent, work = True, lambda: answer(tell_task(services, prompt, nonce=record.nonce))
        case SubagentRequested():
            subagent = event
            urgent, work = True, lambda: answer(advise_subagent(services, subagent, nonce=record.nonce))
        case FileEdited() | FilesEdited():
            edits = event
            urgent, work = (
                False,
                lambda: answer_on_edits(
                    *advise_on_edit(services, edits, nonce=record.nonce), origin=edits.origin
                ),
            )
        case CommandRun() | ToolUsed() if services.edits.has_later(session_of(event.origin)):
            origin = event.origin
            urgent, work = False, lambda: answer_on_edits(*advise_later(services, origin), origin=origin)
        case TurnEnded() if services.edits.has_open(session_of(event.origin)):
            origin = event.origin
            urgent, work = False, lambda: answer(sum_up(services, origin))
        case _:
            follow_session(services, event)
            return None
    return Adviser(urgent=urgent, work=work)


def follow_session(services: Services, event: AgentEvent) -> None:
    """Make the engines ready for a session that begins, forget one that ended; never waits."""
    if isinstance(event, SessionStarted):
        _make_engines_ready(services)
    elif isinstance(event, SessionEnded):
        services.edits.forget(session_of(event.origin))


def _make_engines_ready(services: Services) -> None:
    if services.settings.current.quality.enabled:
        services.edits.warm()
