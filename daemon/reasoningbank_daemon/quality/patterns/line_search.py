"""Find regular expressions in the code of a text: not in its comments, each match with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.literal_starts import matches
from reasoningbank_daemon.quality.patterns.pattern import Found

_HASH_COMMENTS = frozenset({Language.PYTHON, Language.RUBY, Language.BASH, Language.YAML, Language.TOML})
_MOST_FOUND = 1000


def search(document: Document, pattern: re.Pattern[str]) -> Iterator[Found]:
    """Yield the place of each match that does not begin in a comment."""
    text = document.text
    for count, match in enumerate(matches(text, pattern)):
        if count >= _MOST_FOUND:
            return
        if not in_comment(text, match.start(), document.language):
            yield place(text, match.start())


def search_at(document: Document, words: tuple[str, ...], pattern: re.Pattern[str]) -> Iterator[Found]:
    """Yield the place of each match that begins with one of some words, as `search` does: ten times as fast."""
    text = document.text
    for word in words:
        position = text.find(word)
        while position >= 0:
            if pattern.match(text, position) and not in_comment(text, position, document.language):
                yield place(text, position)
            position = text.find(word, position + len(word))


def place(text: str, position: int) -> Found:
    """Return the place of a position in a text."""
    return Found(line=text.count("\n", 0, position) + 1, column=position - text.rfind("\n", 0, position))


def in_comment(text: str, position: int, language: Language | None) -> bool:
    """Tell whether a position is behind a comment's mark in its line; of strings only quotes in the line are known."""
    start = text.rfind("\n", 0, position) + 1
    before = text[max(start, position - 400) : position]
    bare = before.lstrip()
    if language in _HASH_COMMENTS:
        return "#" in _outside_strings(before)
    if bare.startswith(("//", "*", "/*")):
        return True
    outside = _outside_strings(before)
    return "//" in outside or (language is Language.PHP and "#" in outside)


def _outside_strings(text: str) -> str:
    """Return what of a line's beginning is not between quotes."""
    return _QUOTED.sub("", text) if '"' in text or "'" in text or "`" in text else text


_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*(?:\"|$)|'(?:\\.|[^'\\])*(?:'|$)|`(?:\\.|[^`\\])*(?:`|$)")
