"""What is taken out of a text before it is stored: secrets, what we ourselves put before a model, and excess.

Redaction sees more than is kept (`MARGIN_CHARS` beyond the cut), so that a secret whose beginning is cut off is
still recognised by it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import msgspec

from reasoningbank_schema.advice import INJECTED_OPEN

PROMPT_CHARS = 8_000
MESSAGE_CHARS = 2_000
COMMAND_CHARS = 2_000
OUTPUT_CHARS = 1_500
DIFF_CHARS = 12_000
LESSON_CHARS = 8_000
NAME_CHARS = 200
PATH_CHARS = 1_000
MARGIN_CHARS = 4_096
NAMES_KEPT = 4_096
REMEMBERED_CHARS = 1_000

CUT_MARK = "[… {count} characters cut …]"


class Scrubber:
    """Clean texts with a given redactor: ``redact`` returns its argument without secrets."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._identity = functools.lru_cache(maxsize=NAMES_KEPT)(redact)

    def head(self, text: str, limit: int) -> str:
        """Return the cleaned beginning of a text, with a mark where it was cut."""
        if not text:
            return ""
        window = self._redact(without_injected(text[: limit + MARGIN_CHARS]))
        cut = len(text) - limit
        if len(window) <= limit and cut <= 0:
            return window
        return window[:limit] + CUT_MARK.format(count=max(cut, len(window) - limit))

    def tail(self, text: str, limit: int) -> str:
        """Return the cleaned end of a text, with a mark where it was cut."""
        if not text:
            return ""
        window = self._redact(without_injected(text[-(limit + MARGIN_CHARS) :]))
        cut = len(text) - limit
        if len(window) <= limit and cut <= 0:
            return window
        return CUT_MARK.format(count=max(cut, len(window) - limit)) + window[-limit:]

    def whole(self, text: str) -> str:
        """Return a text without its secrets, uncut; injected text stays (a file may quote it)."""
        return self._redact(text)

    def json(self, values: Any) -> str:  # JSON values
        """Return the JSON of some values, without the secrets of their texts."""
        encoded = msgspec.json.encode(values).decode()
        if "\\" in encoded:
            return self._redact(encoded)
        # Without escapes, every second piece between quotes is a text. Most come again: names, and reasons in words.
        texts = dict.fromkeys(encoded.split('"')[1::2])
        return encoded if all(self.identity(text) == text for text in texts) else self._redact(encoded)

    def identity(self, name: str) -> str:
        """Return a name by which events are put together, without secrets, whole; remembered, most come again."""
        return self._identity(name) if len(name) <= REMEMBERED_CHARS else self._redact(name)

    def name(self, text: str | None, limit: int = NAME_CHARS) -> str | None:
        """Return a cleaned short text, None for an empty one."""
        return self._redact(text[:limit]) if text else None


def without_injected(text: str) -> str:
    r"""Remove each paragraph that ReasoningBank put before a model, so that it never comes back as experience.

    A paragraph begins at the opening mark and ends at a blank line or the end of the text.

    Examples
    --------
    >>> without_injected("[ReasoningBank] From an earlier task: run the tests.\n\nFix the parser.")
    'Fix the parser.'
    """
    start = text.find(INJECTED_OPEN)
    if start < 0:
        return text
    kept = []
    position = 0
    while start >= 0:
        kept.append(text[position:start])
        end = text.find("\n\n", start)
        position = len(text) if end < 0 else end + 2
        start = text.find(INJECTED_OPEN, position)
    kept.append(text[position:])
    return "".join(kept)
