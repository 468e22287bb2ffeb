"""After an edit: what it made worse, if anything, and a record of the verdict; at the end what is still open."""

from __future__ import annotations

from collections.abc import Iterable

from reasoningbank_daemon.quality.desk import Arrival, Told
from reasoningbank_daemon.quality.judging.session_edits import Remark
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


def advise_on_edit(
    services: Services, event: FileEdited | FilesEdited, *, nonce: bytes
) -> tuple[Advice, tuple[Remark, ...]]:
    """Tell an agent what its edit made worse; silent otherwise, and silent when quality is switched off.

    What is said is returned by file, too, to be kept for the next event where nobody hears it now.
    """
    if not services.settings.current.quality.enabled:
        return SILENCE, ()
    edits = event.edits if isinstance(event, FilesEdited) else (event,)
    judged = [_judged(services, edit, nonce=nonce, index=index) for index, edit in enumerate(edits)]
    told = [each for each in judged if each is not None]
    now = [remark for each in told if (remark := each.remark) is not None]
    earlier = services.edits.later(session_of(event.origin))
    advice = _advice(now, earlier, blocks=any(each.blocks for each in told))
    return advice, (*now, *earlier)


def advise_later(services: Services, origin: Origin) -> tuple[Advice, tuple[Remark, ...]]:
    """Tell an agent of its earlier edits what was not known in time, or came too late to be heard."""
    earlier = services.edits.later(session_of(origin))
    return _advice((), earlier), earlier


def sum_up(services: Services, origin: Origin) -> Advice:
    """Tell the person, once, what a task's edits left open."""
    summary = services.edits.sum_up(session_of(origin))
    return SILENCE if summary is None else Advice(user_message=f"ReasoningBank: {summary}")


def session_of(origin: Origin) -> Session:
    """Return whose edits belong together: a subagent's are its own."""
    return origin.host, origin.session_id, origin.agent_id or ""


def _advice(now: Iterable[Remark], earlier: Iterable[Remark], *, blocks: bool = False) -> Advice:
    texts = [each.text for each in now] + [f"Of an earlier edit: {each.text}" for each in earlier]
    return Advice(context=f"{INJECTED_OPEN} " + "\n".join(texts), blocks=blocks) if texts else SILENCE


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
