"""What a question finds, as handlers and the selection of a model see it."""

from __future__ import annotations

import msgspec

from reasoningbank_daemon.storage.records import TaskSummary
from reasoningbank_schema.advice import Experience

WORDS = "lexical"
"""What ranks where no embedder does."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one experience found, and how like its goal is to the question (0 to 1).

    ``task`` is None for one that a user told, and where the task is not judged; ``text`` is "" until it is asked for.
    """

    id: int
    outcome: str
    likeness: float
    same_project: bool
    task: TaskSummary | None = None
    text: str = ""

    def experience(self, *, max_chars: int = 1500) -> Experience:
        """Return it as messages carry it."""
        return Experience(
            id=self.id,
            text=self.text[:max_chars],
            likeness=self.likeness,
            same_project=self.same_project,
            outcome=self.outcome,
        )


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a question found: what is like enough to be told first, this project's before the others'.

    ``embedder`` is what ranked: `WORDS`, or the sentence embedding that took part beside the words.
    ``threshold_basis`` says what the threshold rests on, and why the embedding did not take part where it should.
    """

    matches: tuple[Match, ...]
    threshold: float
    threshold_basis: str
    embedder: str = WORDS

    def injectable(self, max_chars: int) -> Experience | None:
        """Return the one experience that is like enough to be told, None when none is."""
        for match in self.matches:
            if match.likeness >= self.threshold:
                return match.experience(max_chars=max_chars)
        return None

    def experiences(self) -> tuple[Experience, ...]:
        """Return every match as messages carry it."""
        return tuple(match.experience() for match in self.matches)
