"""Which of the words there are somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LIKE_ENOUGH = 0.75
"""One mistake in a word of four letters is; a word that shares half of its letters by chance is not."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that another one is most like; None where none is like enough.

    Examples
    --------
    >>> nearest("lgos", ["logs", "tasks"]), nearest("bogus", ["logs", "tasks"])
    ('logs', None)
    """
    found = difflib.get_close_matches(word, [*known], n=1, cutoff=LIKE_ENOUGH)
    return found[0] if found else None
