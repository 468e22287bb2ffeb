"""Find a word in a text by the places where it stands: most words of a long text are nobody's concern."""

from __future__ import annotations

from collections.abc import Iterator


def places_of(text: str, part: str) -> Iterator[int]:
    """Yield where a part of a text begins, from left to right, none of them overlapping."""
    position = text.find(part)
    while position >= 0:
        yield position
        position = text.find(part, position + len(part))


def word_count(text: str, word: str) -> int:
    r"""Count a word among those that `[A-Za-z_$][\w$]*` finds in a text."""
    return sum(1 for position in places_of(text, word) if _is_whole(text, position, position + len(word)))


def _is_whole(text: str, start: int, end: int) -> bool:
    """Tell whether a word that begins with a letter neither goes on behind its end, nor began further left."""
    if end < len(text) and _is_part(text[end]):
        return False
    while start > 0 and _is_part(text[start - 1]):
        start -= 1
        if _begins(text[start]):
            return False
    return True


def _is_part(character: str) -> bool:
    return character.isalnum() or character in "_$"


def _begins(character: str) -> bool:
    return character.isascii() and (character.isalpha() or character in "_$")
