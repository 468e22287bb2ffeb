"""After an edit: what it made worse, if anything, and a record of the verdict."""

from __future__ import annotations

from reasoningbank_daemon.quality.advice import advice_text
from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.storage.records import VerdictRecord
from reasoningbank_schema.advice import INJECTED_OPEN, SILENCE, Advice
from reasoningbank_schema.events import FileEdited, FilesEdited
from reasoningbank_schema.messages import EditJudged

REVIEW_BUDGET_S = 2.0
"""How long an engine may take in all; the advice is dropped at the request's own deadline, the verdict kept."""


def judge_edit(services: Services, event: FileEdited, *, nonce: bytes, index: int = 0) -> EditJudged:
    """Judge one edit and hand the verdict to the writer.

    ``index`` is the edit's place in an event that holds several.
    """
    edit = Edit(path=event.path, before=event.before, after=event.after or "")
    verdict = services.reviewer.review(edit, deadline=services.clock.monotonic_s() + REVIEW_BUDGET_S)
    services.store.submit(
        VerdictRecord(
            nonce=nonce,
            host=event.origin.host,
            session_id=event.origin.session_id,
            verdict=verdict,
            index=index,
        ),
        None,
    )
    return EditJudged(verdict=verdict, text=advice_text(verdict))


def advise_on_edit(services: Services, event: FileEdited | FilesEdited, *, nonce: bytes) -> Advice:
    """Tell an agent what its edit made worse; silent otherwise, and silent when quality is switched off."""
    if not services.settings.current.quality.enabled:
        return SILENCE
    edits = event.edits if isinstance(event, FilesEdited) else (event,)
    texts = [
        text
        for index, edit in enumerate(edits)
        if edit.after is not None and (text := judge_edit(services, edit, nonce=nonce, index=index).text)
    ]
    if not texts:
        return SILENCE
    return Advice(context=f"{INJECTED_OPEN} " + "\n".join(texts))
