"""What the daemon may tell an agent or its user, before a host gives it its form."""

from __future__ import annotations

import msgspec

INJECTED_OPEN = "[ReasoningBank]"
"""How every text that we put before a model begins, so that it is recognised and never stored as experience."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Give a quantity of similar tasks as quantiles; ``n`` is how many it rests on."""

    p50: float
    p90: float
    n: int


class Experience(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what an earlier task can tell: facts, at most 1,500 characters."""

    id: int
    text: str
    likeness: float
    same_project: bool
    outcome: str


class ModelSelection(msgspec.Struct, frozen=True, kw_only=True):
    """Say which model a task should run on, and what that rests on.

    ``evidence`` counts the judged tasks behind the choice; 0 means that ``model`` is the configured default
    and ``confidence`` is None. ``reasons`` are sentences for a person.
    """

    model: str
    alias: str | None
    tier: str
    strategy: str
    evidence: int
    confidence: float | None = None
    duration_s: Estimate | None = None
    cost_usd: Estimate | None = None
    reasons: tuple[str, ...] = ()


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """Carry what a host should pass on; empty means silence.

    ``context`` goes to the model as facts, ``user_message`` to the person only, ``subagent_model`` is a
    validated alias to be set on the subagent that is about to start. ``blocks`` asks the host to stop the agent until
    it has dealt with ``context``; only after an edit, and only where the user configured it.
    """

    context: str | None = None
    user_message: str | None = None
    subagent_model: str | None = None
    blocks: bool = False


SILENCE = Advice()
