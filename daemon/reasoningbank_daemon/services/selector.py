"""The record of which models did what, kept in memory, and the choice that it supports."""

from __future__ import annotations

from typing import Any

import msgspec

from reasoningbank_daemon.config import configured_models, price_document, price_version
from reasoningbank_daemon.learning.pricing import PriceList, canonical_model, price_list
from reasoningbank_daemon.learning.selection import (
    Candidate,
    SelectionPolicy,
    SelectionRequest,
    Standing,
    estimate,
    stand,
)
from reasoningbank_daemon.learning.strategies import SimilarTask
from reasoningbank_daemon.learning.tally import Observation, Tallies, TallyKey
from reasoningbank_daemon.learning.trajectory import Judgement, Label
from reasoningbank_daemon.services.found import Found
from reasoningbank_daemon.services.settings import Settings
from reasoningbank_daemon.storage.records import Effects, TaskSummary
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_schema.advice import ModelSelection
from reasoningbank_schema.events import PromptSubmitted, SubagentRequested

SIMILAR = 20
"""How many similar tasks an estimate looks at."""

ANSWERS_KEPT = 256
"""Requests differ by project, kind of task and running model."""

COST_DIGITS, SHARE_DIGITS = 6, 4
"""Digits behind the point of what is known of a similar task: each decision keeps it, and is computed from what it keeps."""

NO_PROJECT = 0
"""The project id of a folder that the bank has not seen yet."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a selection and what it was computed from."""

    selection: ModelSelection
    inputs: dict[str, Any]  # JSON values, written with the decision
    models_version: str


class _Offer(msgspec.Struct, frozen=True, kw_only=True):
    config_sha256: str
    version: str
    candidates: tuple[Candidate, ...]
    policy: SelectionPolicy


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    standing: Standing
    inputs: dict[str, Any]


class _Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one state of the record says to the requests that came; replaced as a whole when it changes."""

    tallies: Tallies
    offer: _Offer | None
    known: dict[SelectionRequest, _Known]


class Selector:
    """Choose models by the bank's own record; `follow` keeps it current after each commit."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tallies = Tallies()
        self._offered: _Offer | None = None
        self._answers = _Answers(tallies=self._tallies, offer=None, known={})

    def open(self, store: SqliteStore) -> None:
        """Sum up the record of all judged tasks, the names of a model taken as one."""
        self._tallies = Tallies.of_sums(
            (msgspec.structs.replace(key, model=canonical_model(key.model)), tally)
            for key, tally in store.tallies()
        )

    def follow(self, effects: Effects) -> None:
        """Take in tasks that were closed, judged again or reopened; on the library's thread only."""
        tallies = self._tallies
        for change in effects.tasks:
            before = _observation(change.before) if change.before else None
            after = _observation(change.after) if change.after else None
            if before is not None and after is not None:
                tallies = tallies.revise(before, after)
            elif before is not None:
                tallies = tallies.remove(before)
            elif after is not None:
                tallies = tallies.add(after)
        self._tallies = tallies

    def prices(self) -> PriceList:
        """Return the price list in force."""
        document = price_document(self._settings.current.models)
        return price_list(document, version=price_version(document))

    def for_task(self, event: PromptSubmitted, *, project: int | None, found: Found) -> Choice:
        """Choose for a user's task."""
        request = SelectionRequest(
            project_id=project or NO_PROJECT, host=event.origin.host, running_model=event.origin.model
        )
        return self._choose(request, found)

    def for_subagent(self, event: SubagentRequested, *, project: int | None, found: Found) -> Choice:
        """Choose for a subagent of a given type."""
        request = SelectionRequest(
            project_id=project or NO_PROJECT,
            host=event.origin.host,
            kind=event.subagent_type or "subagent",
            subagent=True,
        )
        return self._choose(request, found)

    def _choose(self, request: SelectionRequest, found: Found) -> Choice:
        offer = self._offer()
        similar = _similar(found)
        known = self._known(request, offer)
        selection = estimate(known.standing, similar, offer.policy)
        inputs = {**known.inputs, "similar": [msgspec.to_builtins(task) for task in similar]}
        return Choice(selection=selection, inputs=inputs, models_version=offer.version)

    def _known(self, request: SelectionRequest, offer: _Offer) -> _Known:
        """Return what the record says to a request; worked out again only when the record or the offer changed."""
        answers = self._answers
        tallies = self._tallies
        if answers.tallies is not tallies or answers.offer is not offer or len(answers.known) >= ANSWERS_KEPT:
            answers = self._answers = _Answers(tallies=tallies, offer=offer, known={})
        known = answers.known.get(request)
        if known is None:
            known = answers.known[request] = _Known(
                standing=stand(request, offer.candidates, tallies, offer.policy),
                inputs=_inputs(request, offer, tallies),
            )
        return known

    def _offer(self) -> _Offer:
        """Return what the configuration offers; worked out again only when it has changed."""
        sha256, config = self._settings.sha256, self._settings.current
        if self._offered is None or self._offered.config_sha256 != sha256:
            self._offered = _Offer(
                config_sha256=sha256,
                version=price_version(price_document(config.models)),
                policy=SelectionPolicy(
                    default_model=config.selection.default_model,
                    min_evidence=config.selection.min_evidence,
                    target_success=config.selection.target_success,
                ),
                candidates=tuple(
                    Candidate(
                        name=entry.name,
                        host=entry.host,
                        tier=entry.tier,
                        price_in=entry.input,
                        price_out=entry.output,
                        alias=entry.alias,
                    )
                    for entry in configured_models(config)
                    if entry.input is not None and entry.output is not None
                ),
            )
        return self._offered


def _similar(found: Found) -> list[SimilarTask]:
    """Return the judged tasks that are like enough to the question, in the order they were found in."""
    return [
        SimilarTask(
            duration_s=task.duration_s,
            model=canonical_model(task.model or ""),
            cost_usd=_rounded(task.cost_usd, COST_DIGITS),
            probability=_rounded(task.probability, SHARE_DIGITS),
            likeness=round(match.likeness, SHARE_DIGITS),
            strategy=task.strategy or "",
        )
        for match in found.matches[:SIMILAR]
        if (task := match.task) is not None and match.likeness >= found.threshold
    ]


def _inputs(request: SelectionRequest, offer: _Offer, tallies: Tallies) -> dict[str, Any]:
    """Return what a choice rests on but for the similar tasks, as JSON values."""
    return {
        "request": msgspec.to_builtins(request),
        "policy": msgspec.to_builtins(offer.policy),
        "tallies": {
            candidate.name: msgspec.to_builtins(
                tallies.get(
                    TallyKey(
                        project_id=request.project_id,
                        kind=request.kind,
                        model=canonical_model(candidate.name),
                    )
                )
            )
            for candidate in offer.candidates
            if candidate.host == request.host
        },
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _observation(summary: TaskSummary) -> Observation | None:
    if summary.model is None:
        return None
    return Observation(
        key=TallyKey(project_id=summary.project_id, kind=summary.kind, model=canonical_model(summary.model)),
        judgement=Judgement(label=Label(summary.label), probability=summary.probability),
        duration_s=summary.duration_s,
        cost_usd=summary.cost_usd,
    )
