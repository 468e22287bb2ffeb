"""WordPiece, as the uncased BERT models split text. Pure but for reading the vocabulary that it is given.

References
----------
Devlin et al., BERT (2019), and the normalisation that its published vocabulary was made with: control characters
dropped, Chinese characters set apart, accents stripped, lower case, punctuation set apart, then the longest known
piece first.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence

MAX_WORD_CHARS = 100
CHARS_PER_TOKEN = 64
"""Text beyond this many characters for each token that may be returned is not looked at."""

_ASCII_WORD = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
_ASCII_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Split text into the ids of a vocabulary, which lists one piece a line; its line number is its id."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = self._ids["[UNK]"]
        self._first, self._last = self._ids["[CLS]"], self._ids["[SEP]"]
        # Words repeat: most of a prompt has been split before. Bounded in count here, in length by MAX_WORD_CHARS.
        self._cached: Callable[[str], tuple[int, ...]] = functools.lru_cache(maxsize=4_096)(self._pieces)

    def encode(self, text: str, max_tokens: int) -> list[int]:
        """Return the ids of a text between those that mark its begin and end, at most ``max_tokens`` (≥ 2)."""
        room = max_tokens - 2
        ids: list[int] = []
        for word in split_words(text[: CHARS_PER_TOKEN * max_tokens]):
            ids += self._cached(word) if len(word) <= MAX_WORD_CHARS else (self._unknown,)
            if len(ids) >= room:
                break
        return [self._first, *ids[:room], self._last]

    def _pieces(self, word: str) -> tuple[int, ...]:
        found: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            for end in range(len(word), start, -1):
                known = self._ids.get(mark + word[start:end])
                if known is not None:
                    found.append(known)
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(found)


def split_words(text: str) -> list[str]:
    """Return the words and the single punctuation marks of a text, normalised.

    Examples
    --------
    >>> split_words("Café, naïve!")
    ['cafe', ',', 'naive', '!']
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.translate(_ASCII_CONTROL).lower())
    bare = unicodedata.normalize("NFD", text.translate(_CLEANED))
    lower = "".join(char for char in bare if unicodedata.category(char) != "Mn").lower()
    return lower.translate(_APART).split()


class _Table(dict[int, str]):
    """Work out what becomes of a character when it is met first."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        self[code] = self._rule(chr(code))
        return self[code]


def _clean(char: str) -> str:
    if char.isspace() and (char in "\t\n\r" or unicodedata.category(char)[0] == "Z"):
        return " "
    if unicodedata.category(char) in {"Cc", "Cf", "Co"} or char == "\ufffd":
        return ""
    if any(low <= ord(char) <= high for low, high in _CJK):
        return f" {char} "
    return char


def _set_apart(char: str) -> str:
    symbol = char.isascii() and char.isprintable() and not char.isalnum() and char != " "
    return f" {char} " if symbol or unicodedata.category(char)[0] == "P" else char


_CLEANED = _Table(_clean)
_APART = _Table(_set_apart)
