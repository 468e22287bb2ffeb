"""The record of a decision: what was advised, and everything that is needed to compute it again."""

from __future__ import annotations

from reasoningbank_daemon.services.container import Services
from reasoningbank_daemon.services.selector import Choice
from reasoningbank_daemon.services.version import CODE_VERSION
from reasoningbank_daemon.storage.records import DecisionRecord
from reasoningbank_schema.events import Origin


def decision(
    services: Services,
    origin: Origin,
    *,
    nonce: bytes,
    choice: Choice,
    applied: bool = False,
    experience_id: int | None = None,
) -> DecisionRecord:
    """Make the record of a choice that was given on the event with this nonce."""
    return DecisionRecord(
        nonce=nonce,
        host=origin.host,
        session_id=origin.session_id,
        at_ns=origin.at_ns,
        selection=choice.selection,
        inputs=choice.inputs,
        config_sha256=services.settings.sha256,
        code_version=CODE_VERSION,
        models_version=choice.models_version,
        applied=applied,
        experience_id=experience_id,
    )
