"""After an edit: what it made worse, if anything, and a record of the verdict; at the end what is still open."""

from __future__ import annotations

from reasoningbank_daemon.quality.desk import Arrival, Told
from reasoningbank_daemon.quality.second_look import Session
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.services.verdict_redaction import without_secrets
from reasoningbank_daemon.storage.records import VerdictRecord
from reasoningbank_schema.advice import INJECTED_OPEN, SILENCE, Advice
from reasoningbank_schema.events import FileEdited, FilesEdited, Origin
from reasoningbank_schema.messages import EditJudged

REVIEW_BUDGET_S = 2.0
"""How long an engine may take in all; the advice is dropped at the request's own deadline, the verdict kept."""


def judge_edit(services: Services, event: FileEdited, *, nonce: bytes) -> EditJudged:
    """Judge one edit that a program asks about, and hand the verdict to the writer."""
    told = _judged(services, event, nonce=nonce, index=0)
    if told is None:
        raise ValueError(f"the edit of {event.path} carries no text")
    return EditJudged(verdict=told.verdict, text=told.text)


def advise_on_edit(services: Services, event: FileEdited | FilesEdited, *, nonce: bytes) -> Advice:
    """Tell an agent what its edit made worse; silent otherwise, and silent when quality is switched off."""
    if not services.settings.current.quality.enabled:
        return SILENCE
    edits = event.edits if isinstance(event, FilesEdited) else (event,)
    judged = [_judged(services, edit, nonce=nonce, index=index) for index, edit in enumerate(edits)]
    texts = [told.text for told in judged if told is not None and told.text]
    if later := services.edits.later(session_of(event.origin)):
        texts.append(f"A second look at an earlier edit: {later}")
    if not texts:
        return SILENCE
    context = f"{INJECTED_OPEN} " + "\n".join(texts)
    return Advice(context=context, blocks=any(told is not None and told.blocks for told in judged))


def advise_later(services: Services, origin: Origin) -> Advice:
    """Tell an agent what the second look at its earlier edits found."""
    later = services.edits.later(session_of(origin))
    return (
        SILENCE
        if later is None
        else Advice(context=f"{INJECTED_OPEN} A second look at an earlier edit: {later}")
    )


def sum_up(services: Services, origin: Origin) -> Advice:
    """Tell the person, once, what a task's edits left open."""
    summary = services.edits.sum_up(session_of(origin))
    return SILENCE if summary is None else Advice(user_message=f"ReasoningBank: {summary}")


def session_of(origin: Origin) -> Session:
    """Return whose edits belong together: a subagent's are its own."""
    return origin.host, origin.session_id, origin.agent_id or ""


def _judged(services: Services, event: FileEdited, *, nonce: bytes, index: int) -> Told | None:
    """Judge one edit; ``index`` is its place in an event that holds several."""
    told = services.edits.judge(
        Arrival(
            session=session_of(event.origin),
            path=event.path,
            folder=event.origin.cwd,
            before=event.before,
            after=event.after,
            created=event.created,
            deleted=event.deleted,
        ),
        deadline=services.clock.monotonic_s() + REVIEW_BUDGET_S,
    )
    if told is not None:
        services.store.submit(
            VerdictRecord(
                nonce=nonce,
                host=event.origin.host,
                session_id=event.origin.session_id,
                verdict=without_secrets(told.verdict, told.quoted_from) if told.quoted_from else told.verdict,
                index=index,
            ),
            None,
        )
    return told
