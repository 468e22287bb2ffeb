"""Before a subagent starts: its model, where the caller set none and the record supports one."""

from __future__ import annotations

from reasoningbank_daemon.handlers.decisions import decision
from reasoningbank_daemon.services.container import Services
from reasoningbank_schema.advice import SILENCE, Advice
from reasoningbank_schema.events import SubagentRequested


def advise_subagent(services: Services, event: SubagentRequested, *, nonce: bytes) -> Advice:
    """Select the subagent's model; the decision is recorded whether or not it is applied.

    It is applied only with evidence, only when the caller named no model, and only where the user has left
    that switched on.
    """
    project = services.project_of(event.origin)
    found = services.library.find(event.prompt, project=project)
    choice = services.selector.for_subagent(event, project=project, found=found)
    selection = choice.selection
    apply = (
        services.settings.current.selection.apply_to_subagents
        and event.model_asked is None
        and selection.evidence > 0
        and selection.alias is not None
    )
    services.store.submit(decision(services, event.origin, nonce=nonce, choice=choice, applied=apply), None)
    return Advice(subagent_model=selection.alias) if apply else SILENCE
