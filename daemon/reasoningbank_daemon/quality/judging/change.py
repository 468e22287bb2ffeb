"""What an edit took away and put in, line by line. Pure."""

from __future__ import annotations

import itertools
import operator
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from reasoningbank_daemon.quality.languages import Language

MOST_LINES = 50_000
"""Of a longer text no change is worked out."""


class Line(msgspec.Struct, frozen=True):
    """A line by its number (from 1) in the text that it stands in."""

    number: int
    text: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An edit. `before` is None for a new file: then every line is an added one.

    A line that merely moved or was indented anew is neither added nor removed.
    """

    path: str
    language: Language | None
    before: str | None
    after: str
    added: tuple[Line, ...] = ()
    removed: tuple[Line, ...] = ()


def change_of(
    *,
    path: str,
    language: Language | None,
    before: str | None,
    after: str,
    lines: tuple[Sequence[str], Sequence[str]] | None = None,
) -> Change:
    """Return a change with its lines. `lines` are those of both texts, where they are parted already."""
    old, new = lines or ([] if before is None else before.split("\n"), after.split("\n"))
    if len(new) > MOST_LINES or len(old) > MOST_LINES:
        return Change(path=path, language=language, before=before, after=after)
    start, end = shared_ends(old, new)
    old_middle = _numbered(old, start, end)
    new_middle = _numbered(new, start, end)
    return Change(
        path=path,
        language=language,
        before=before,
        after=after,
        added=_without(new_middle, old_middle),
        removed=_without(old_middle, new_middle),
    )


def shared_ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """Return how many lines both texts share at their beginning, and how many of the others at their end."""
    most = min(len(before), len(after))
    start = _first(map(operator.ne, before, after), most)
    ends = map(operator.ne, reversed(before), reversed(after))
    return start, _first(itertools.islice(ends, most - start), most - start)


def _first(differ: Iterable[bool], most: int) -> int:
    return next(itertools.compress(itertools.count(), differ), most)


def _numbered(lines: Sequence[str], start: int, end: int) -> list[Line]:
    return [Line(number, lines[number - 1]) for number in range(start + 1, len(lines) - end + 1)]


def _without(lines: list[Line], others: list[Line]) -> tuple[Line, ...]:
    left = Counter(line.text.strip() for line in others)
    kept = []
    for line in lines:
        text = line.text.strip()
        if left[text]:
            left[text] -= 1
        elif text:
            kept.append(line)
    return tuple(kept)
