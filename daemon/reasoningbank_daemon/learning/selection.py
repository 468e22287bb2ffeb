"""Select the model for a task from the record: the cheapest one that it supports, else the default.

The policy, its assumptions and its limits are in ``docs/selection.md``. Nothing is drawn at random: the same record
and the same question give the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from reasoningbank_daemon.learning.posterior import (
    UNKNOWN,
    Belief,
    believe,
    probability_exceeds,
    probability_reaches,
)
from reasoningbank_daemon.learning.pricing import canonical_model
from reasoningbank_daemon.learning.strategies import (
    SimilarTask,
    StrategyPolicy,
    best_strategy,
)
from reasoningbank_daemon.learning.tally import Tallies
from reasoningbank_schema.advice import Estimate, ModelSelection

SUBAGENT_ALIASES: dict[str, frozenset[str]] = {
    "claude-code": frozenset(("sonnet", "opus", "haiku", "fable")),
}
"""The only names that a host takes for a subagent's model; a full id makes its call fail."""

NO_EVIDENCE = "no evidence"
MIN_SIMILAR = 3
"""Fewer similar tasks than this give no estimate."""

INPUT_SHARE = 0.8
"""Share of the input price in the one price by which candidates are ordered: agents read more than they write."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a model that a host can run; prices in US dollars per million tokens."""

    name: str
    host: str
    tier: str
    price_in: float
    price_out: float
    alias: str | None = None

    @property
    def price(self) -> float:
        """Return the one price by which candidates are ordered."""
        return INPUT_SHARE * self.price_in + (1.0 - INPUT_SHARE) * self.price_out


class SelectionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is asked: for which project and kind of task, on which host.

    ``kind`` is "main" or a subagent's type, as in the tallies. ``subagent`` restricts the candidates to those with
    an alias that the host takes. ``running_model`` is what runs now, where that is known.
    """

    project_id: int
    host: str
    kind: str = "main"
    subagent: bool = False
    running_model: str | None = None


class SelectionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the user wants, and how sure the record must be.

    ``target_success`` is the rate that a cheaper model has to reach, ``margin`` how much worse than the default is
    still as good, ``assurance`` the probability with which a statement must hold before it is acted on.
    """

    default_model: str
    min_evidence: int = 20
    target_success: float = 0.8
    margin: float = 0.05
    assurance: float = 0.8
    strategy: StrategyPolicy = StrategyPolicy()


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    candidate: Candidate
    confidence: float | None
    reason: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Hold which model the record supports for a request, whatever the task is like."""

    choice: _Choice
    evidence: int
    reasons: tuple[str, ...]


def select(
    request: SelectionRequest,
    candidates: Sequence[Candidate],
    tallies: Tallies,
    similar: Iterable[SimilarTask],
    policy: SelectionPolicy,
) -> ModelSelection:
    """Select a model for a task: `stand`, then `estimate`; errors as of `stand`.

    Parameters
    ----------
    candidates
        All configured models; those of other hosts are left out here.
    tallies
        The record.
    similar
        Earlier tasks like this one, for the estimates and the strategy.

    Returns
    -------
    ModelSelection
        ``evidence`` 0 and ``confidence`` None when the default is named for want of a record; else the judged
        tasks of the chosen model and the posterior probability of the statement in the first reason.
    """
    return estimate(stand(request, candidates, tallies, policy), similar, policy)


def stand(
    request: SelectionRequest, candidates: Sequence[Candidate], tallies: Tallies, policy: SelectionPolicy
) -> Standing:
    """Choose the model that the record supports; it stays so until one of the arguments changes.

    Raises
    ------
    ValueError
        When no candidate runs on the request's host and the default is not a candidate either.
    """
    able = _able(request, candidates)
    default, reasons = _default(request, able, candidates, policy)
    beliefs = {
        candidate.name: believe(
            tallies, project_id=request.project_id, kind=request.kind, model=canonical_model(candidate.name)
        )
        for candidate in able
    }
    choice = _choose(default, able, beliefs, policy)
    belief = beliefs.get(choice.candidate.name, UNKNOWN)
    evidence = belief.judged if choice.confidence is not None else 0
    return Standing(choice=choice, evidence=evidence, reasons=reasons)


def estimate(standing: Standing, similar: Iterable[SimilarTask], policy: SelectionPolicy) -> ModelSelection:
    """Say of the model that the record supports what tasks like this one took, and how they were gone about."""
    choice = standing.choice
    likes = tuple(similar)
    strategy, why = best_strategy(likes, policy.strategy)
    duration_s, cost_usd, note = _estimates(likes, choice.candidate)
    return ModelSelection(
        model=choice.candidate.name,
        alias=choice.candidate.alias,
        tier=choice.candidate.tier,
        strategy=strategy,
        evidence=standing.evidence,
        confidence=choice.confidence,
        duration_s=duration_s,
        cost_usd=cost_usd,
        reasons=tuple(reason for reason in (choice.reason, *standing.reasons, why, note) if reason),
    )


def _able(request: SelectionRequest, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the host's candidates, cheapest first."""
    able = [candidate for candidate in candidates if candidate.host == request.host]
    if request.subagent:
        aliases = SUBAGENT_ALIASES.get(request.host, frozenset())
        able = [candidate for candidate in able if candidate.alias in aliases]
    return sorted(able, key=lambda candidate: (candidate.price, candidate.name))


def _default(
    request: SelectionRequest,
    able: list[Candidate],
    candidates: Sequence[Candidate],
    policy: SelectionPolicy,
) -> tuple[Candidate, tuple[str, ...]]:
    """Return the model that is named for want of evidence, and why it is not the configured one where it is not."""
    wanted = canonical_model(policy.default_model)
    for candidate in able:
        if canonical_model(candidate.name) == wanted:
            return candidate, ()
    running = canonical_model(request.running_model) if request.running_model else ""
    for candidate in able:
        if canonical_model(candidate.name) == running:
            return candidate, (
                f"The default {policy.default_model} does not run on {request.host}; {candidate.name} runs now.",
            )
    if able:
        dearest = able[-1]
        return dearest, (
            f"The default {policy.default_model} does not run on {request.host}; {dearest.name} is its largest model.",
        )
    for candidate in candidates:
        if canonical_model(candidate.name) == wanted:
            return candidate, (f"No model is configured for {request.host}.",)
    raise ValueError(
        f"no configured model runs on host {request.host!r}, and the default {policy.default_model!r} is not in the list "
        "of models: name another one as `selection.default_model`"
    )


def _choose(
    default: Candidate, able: list[Candidate], beliefs: dict[str, Belief], policy: SelectionPolicy
) -> _Choice:
    known = [candidate for candidate in able if beliefs[candidate.name].judged >= policy.min_evidence]
    if not known:
        return _Choice(candidate=default, confidence=None, reason=_no_evidence(able, beliefs, policy))
    default_is_known = default in known
    base = beliefs[default.name] if default_is_known else None
    for candidate in known:
        if candidate.price < default.price:
            choice = _cheaper(candidate, beliefs[candidate.name], default, base, policy)
            if choice is not None:
                return choice
    if base is not None and 1.0 - probability_reaches(base, policy.target_success) >= policy.assurance:
        for candidate in known:
            if candidate.price > default.price:
                choice = _dearer(candidate, beliefs[candidate.name], default, base, policy)
                if choice is not None:
                    return choice
    if base is None:
        told = "; ".join(_record(candidate.name, beliefs[candidate.name]) for candidate in known)
        reason = f"{default.name} is the default; there is {NO_EVIDENCE} on it, and no other record supports a change ({told})."
        return _Choice(candidate=default, confidence=None, reason=reason)
    confidence = probability_reaches(base, policy.target_success)
    reason = (
        f"{_record(default.name, base)}: it succeeds at least {policy.target_success:.0%} of the time with probability "
        f"{confidence:.2f}; no other record supports a change."
    )
    return _Choice(candidate=default, confidence=confidence, reason=reason)


def _cheaper(
    candidate: Candidate, belief: Belief, default: Candidate, base: Belief | None, policy: SelectionPolicy
) -> _Choice | None:
    """Accept a cheaper model that reaches the target, or that is at most the margin worse than the default."""
    reaches = probability_reaches(belief, policy.target_success)
    if reaches >= policy.assurance:
        reason = (
            f"{_record(candidate.name, belief)}: it succeeds at least {policy.target_success:.0%} of the time with "
            f"probability {reaches:.2f}, and no cheaper model does."
        )
        return _Choice(candidate=candidate, confidence=reaches, reason=reason)
    if base is None:
        return None
    as_good = probability_exceeds(belief, base, by=-policy.margin)
    if as_good < policy.assurance:
        return None
    reason = (
        f"{_record(candidate.name, belief)}: with probability {as_good:.2f} it succeeds at most {policy.margin:.0%} "
        f"less often than {_record(default.name, base)}, and that holds for no cheaper model."
    )
    return _Choice(candidate=candidate, confidence=as_good, reason=reason)


def _dearer(
    candidate: Candidate, belief: Belief, default: Candidate, base: Belief, policy: SelectionPolicy
) -> _Choice | None:
    """Accept a dearer model where the default misses the target and this one is better by the margin."""
    better = probability_exceeds(belief, base, by=policy.margin)
    if better < policy.assurance:
        return None
    reason = (
        f"{_record(candidate.name, belief)}: with probability {better:.2f} it succeeds at least {policy.margin:.0%} more "
        f"often than {_record(default.name, base)}, which misses {policy.target_success:.0%}."
    )
    return _Choice(candidate=candidate, confidence=better, reason=reason)


def _record(name: str, belief: Belief) -> str:
    here = (
        f", {belief.own_successes} of {belief.own_judged} in this project"
        if belief.own_judged
        else ", none in this project"
    )
    return f"{name} ({belief.successes} of {belief.judged} judged tasks succeeded{here})"


def _no_evidence(able: list[Candidate], beliefs: dict[str, Belief], policy: SelectionPolicy) -> str:
    judged = max((beliefs[candidate.name].judged for candidate in able), default=0)
    if judged == 0:
        return f"{NO_EVIDENCE}: none of the candidates has a judged task yet."
    return f"{NO_EVIDENCE}: no model has more than {judged} judged tasks, {policy.min_evidence} are needed."


def _estimates(
    similar: tuple[SimilarTask, ...], candidate: Candidate
) -> tuple[Estimate | None, Estimate | None, str]:
    """Estimate duration and cost from similar tasks on the same model; duration, failing that, on any model."""
    name = canonical_model(candidate.name)
    same = [task for task in similar if canonical_model(task.model) == name]
    cost_usd = _quantiles(task.cost_usd for task in same)
    duration_s = _quantiles(task.duration_s for task in same)
    if duration_s is not None:
        return duration_s, cost_usd, ""
    duration_s = _quantiles(task.duration_s for task in similar)
    note = "The duration is that of similar tasks on other models." if duration_s is not None else ""
    return duration_s, cost_usd, note


def _quantiles(values: Iterable[float | None]) -> Estimate | None:
    known = sorted(value for value in values if value is not None and math.isfinite(value) and value >= 0.0)
    if len(known) < MIN_SIMILAR:
        return None
    return Estimate(p50=quantile(known, 0.5), p90=quantile(known, 0.9), n=len(known))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value under which a share of some values lies, which are given in order and are not none.

    Interpolates between the two nearest as `numpy.quantile` does, which takes 60 µs for a handful of values.

    >>> quantile([1.0, 2.0, 4.0], 0.75)
    3.0
    """
    place = share * (len(ordered) - 1)
    low = int(place)
    first, second = ordered[low], ordered[min(low + 1, len(ordered) - 1)]
    part = place - low
    gap = second - first
    return second - gap * (1.0 - part) if part >= 0.5 else first + gap * part
