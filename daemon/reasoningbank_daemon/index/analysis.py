"""From text to index terms: words, the parts of identifiers and paths, and a light English stem. Pure."""

from __future__ import annotations

import functools
import re
from collections import Counter
from itertools import chain

MAX_TERM_CHARS = 40
_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*", re.UNICODE)
_BREAKS = {code: " " for code in range(128) if not chr(code).isalnum()}
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_]+", re.UNICODE)
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "here",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "let",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "out",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "too",
        "up",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "please",
    ]
)


def terms(text: str) -> list[str]:
    """Return the index terms of a text, in order and with repetitions.

    An identifier gives its parts and itself: ``parseJsonFile`` gives parse, json, file, parsejsonfile.

    Examples
    --------
    >>> terms("Fix the JSON parsers")
    ['fix', 'json', 'parser']
    """
    # Most texts are plain ASCII, which is taken apart at a quarter of what the expression costs.
    plain = text.isascii() and "_" not in text
    words = text.translate(_BREAKS).split() if plain else _WORD.findall(text)
    split = _word_terms if max(map(len, words), default=0) <= MAX_TERM_CHARS else _split_any
    return list(chain.from_iterable(map(split, words)))


def count_terms(text: str) -> dict[str, int]:
    """Return the distinct index terms of a text, in the order of their first mention, and how often each comes.

    Examples
    --------
    >>> count_terms("parse JSON: the JSON file")
    {'parse': 1, 'json': 2, 'file': 1}
    """
    return Counter(terms(text))


def _split(word: str) -> tuple[str, ...]:
    parts = _PART.findall(word)
    stems = (_stem(part.lower()) for part in parts)
    found = [term for term in stems if term not in _STOP and len(term) <= MAX_TERM_CHARS]
    if len(parts) > 1 and len(word) <= MAX_TERM_CHARS:
        found.append(word.lower())
    return tuple(found)


# Words repeat: most of a prompt has been split before. Bounded in count here and in length by the caller.
_word_terms = functools.lru_cache(maxsize=65_536)(_split)


def _split_any(word: str) -> tuple[str, ...]:
    return _word_terms(word) if len(word) <= MAX_TERM_CHARS else _split(word)


def _stem(word: str) -> str:
    """Strip plural and the commonest verb endings; deliberately little (a wrong stem joins strangers)."""
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) >= 3 and any(vowel in base for vowel in "aeiouy"):
            if base[-1] == base[-2] and base[-1] not in "lsz":
                return base[:-1]
            return base
    return word[:-1] if word.endswith("e") and len(word) > 4 else word
