"""What a question finds, as handlers and the selection of a model see it."""

from __future__ import annotations

import msgspec

from reasoningbank_daemon.storage.records import TaskSummary

WORDS = "lexical"
"""What ranks where no embedder does."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Name one experience found, and how like its goal is to the question (0 to 1).

    ``task`` is None for one that a user told, and where the task is not judged.
    """

    id: int
    outcome: str
    likeness: float
    same_project: bool
    task: TaskSummary | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a question found: what is like enough to be told first, this project's before the others'.

    ``embedder`` is what ranked: `WORDS`, or the sentence embedding that took part beside the words.
    ``threshold_basis`` says what the threshold rests on, and why the embedding did not take part where it should.
    """

    matches: tuple[Match, ...]
    threshold: float
    threshold_basis: str
    embedder: str = WORDS

    @property
    def told(self) -> Match | None:
        """The one experience that is like enough to be told, None when none is."""
        return next((match for match in self.matches if match.likeness >= self.threshold), None)
