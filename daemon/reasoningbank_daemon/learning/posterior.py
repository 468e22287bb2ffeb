"""Beliefs about a success rate: Beta posteriors with borrowed evidence, compared by quadrature.

No sampling and no random numbers: the same counts always give the same probability.
"""

from __future__ import annotations

import functools
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from reasoningbank_daemon.learning.tally import ANY_KIND, ANY_PROJECT, Tallies, TallyKey

CELLS = 1_000
"""Cells of the quadrature on (0, 1); against closed forms its error stays below 0.001 (tested)."""

OTHER_PROJECT_WORTH = 0.5
"""What a task of the same kind in another project is worth beside one of this project."""

OTHER_KIND_WORTH = 0.25
"""What a task of another kind, in any project, is worth."""

BORROWED_LIMIT = 20.0
"""Borrowed evidence never weighs more than so many tasks of this project and kind: as many as a choice needs at all
(`SelectionPolicy.min_evidence`), so that a good record elsewhere can support one in a project that is new."""


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a Beta distribution over a success rate and the judged tasks behind it (``own``: of this project)."""

    alpha: float = 1.0
    beta: float = 1.0
    judged: int = 0
    successes: int = 0
    own_judged: int = 0
    own_successes: int = 0

    @property
    def mean(self) -> float:
        """Return the expected success rate."""
        return self.alpha / (self.alpha + self.beta)


UNKNOWN = Belief()
"""What is believed without evidence: every rate is as likely as any other."""


def believe(tallies: Tallies, *, project_id: int, kind: str, model: str) -> Belief:
    """Return what the tallies say about a model's success rate in a project on tasks of a kind.

    Notes
    -----
    A power prior: evidence from other projects and kinds counts with a discount and, in all, at most
    `BORROWED_LIMIT` tasks; ``Beta(1 + s + b r, 1 + f + b (1 - r))`` with ``s`` and ``f`` this project's successes and
    failures, ``b`` the borrowed weight and ``r`` its rate. Swapping all successes and failures mirrors the result.

    References
    ----------
    Ibrahim, Chen, "Power prior distributions for regression models", Statistical Science 15 (2000).
    """
    own = tallies.get(TallyKey(project_id=project_id, kind=kind, model=model))
    same_kind = tallies.get(TallyKey(project_id=ANY_PROJECT, kind=kind, model=model))
    everything = tallies.get(TallyKey(project_id=ANY_PROJECT, kind=ANY_KIND, model=model))
    elsewhere = same_kind.plus(own, sign=-1)
    other_kinds = everything.plus(same_kind, sign=-1)
    weight = OTHER_PROJECT_WORTH * elsewhere.weight + OTHER_KIND_WORTH * other_kinds.weight
    success = OTHER_PROJECT_WORTH * elsewhere.success + OTHER_KIND_WORTH * other_kinds.success
    scale = min(1.0, BORROWED_LIMIT / weight) if weight > 0.0 else 0.0
    return Belief(
        alpha=1.0 + own.success + scale * success,
        beta=1.0 + (own.weight - own.success) + scale * (weight - success),
        judged=everything.judged,
        successes=everything.successes,
        own_judged=own.judged,
        own_successes=own.successes,
    )


def probability_reaches(belief: Belief, rate: float) -> float:
    """Return the probability that the success rate is at least ``rate``.

    >>> round(probability_reaches(UNKNOWN, 0.8), 3)
    0.2
    """
    return _probability(1.0 - np.interp(rate, _EDGES, _cumulated(belief.alpha, belief.beta)))


def probability_exceeds(belief: Belief, other: Belief, *, by: float = 0.0) -> float:
    """Return the probability that one success rate is larger than another by more than ``by`` (may be negative).

    >>> probability_exceeds(UNKNOWN, UNKNOWN)
    0.5
    """
    below = np.interp(_EDGES - by, _EDGES, _cumulated(other.alpha, other.beta), left=0.0, right=1.0)
    middles = (below[1:] + below[:-1]) / 2.0
    return _probability(np.dot(np.diff(_cumulated(belief.alpha, belief.beta)), middles))


def _probability(value: Any) -> float:  # numpy's scalar, whatever its exact type
    return round(min(1.0, max(0.0, float(value))), 9)


@functools.lru_cache(maxsize=512)
def _cumulated(alpha: float, beta: float) -> NDArray[np.float64]:
    """Return the distribution function at the cell edges, ``(CELLS + 1,)``, not to be written to."""
    log_density = (alpha - 1.0) * _LOG_RATE + (beta - 1.0) * _LOG_REST
    mass = np.exp(log_density - log_density.max())
    cumulated = np.concatenate(([0.0], np.cumsum(mass)))
    cumulated /= cumulated[-1]
    cumulated.setflags(write=False)
    return cumulated


_EDGES = np.linspace(0.0, 1.0, CELLS + 1)
_MIDDLES = (_EDGES[1:] + _EDGES[:-1]) / 2.0
_LOG_RATE = np.log(_MIDDLES)
_LOG_REST = np.log1p(-_MIDDLES)
