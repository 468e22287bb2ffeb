"""Before a task: the model that the record supports, and one experience that is like it."""

from __future__ import annotations

from reasoningbank_daemon.handlers.decisions import decision
from reasoningbank_daemon.services.container import Services
from reasoningbank_schema.advice import INJECTED_OPEN, Advice, ModelSelection
from reasoningbank_schema.events import PromptSubmitted
from reasoningbank_schema.messages import TaskAdvice


def advise_task(services: Services, event: PromptSubmitted, *, nonce: bytes) -> TaskAdvice:
    """Select a model and recall an experience for a prompt, and record the decision with what it rests on."""
    project = services.project_of(event.origin)
    found = services.library.find(event.prompt, project=project)
    choice = services.selector.for_task(event, project=project, found=found)
    experience = None
    if (told := found.told) is not None:
        read = services.library.read([told], max_chars=services.settings.current.recall.max_chars)
        experience = next(iter(read), None)
    services.store.submit(
        decision(
            services,
            event.origin,
            nonce=nonce,
            choice=choice,
            experience_id=experience.id if experience else None,
        ),
        None,
    )
    return TaskAdvice(selection=choice.selection, experience=experience, embedder=found.embedder)


def tell_task(services: Services, event: PromptSubmitted, *, nonce: bytes) -> Advice:
    """Put a task's advice into words: the experience for the model, a differing selection for the user.

    The selection itself stays out of the model's context: on hosts whose hooks can't set the main model it
    would only be noise there.
    """
    advice = advise_task(services, event, nonce=nonce)
    context = None
    if advice.experience is not None:
        place = "in this project" if advice.experience.same_project else "in another project of this user"
        context = f"{INJECTED_OPEN} From an earlier task {place}: {advice.experience.text}"
    running = services.running_model(event.origin)
    return Advice(context=context, user_message=_differs(advice.selection, running))


def _differs(selection: ModelSelection, running: str | None) -> str | None:
    """Say that the record favours another model than the running one; None when it does not, or can't tell."""
    if selection.evidence == 0 or running is None or selection.model == running:
        return None
    confidence = f", {selection.confidence:.0%} sure" if selection.confidence is not None else ""
    return (
        f"ReasoningBank: the record favours {selection.model} for this task (running: {running}; "
        f"{selection.evidence} judged tasks{confidence}). {' '.join(selection.reasons)}"
    )
