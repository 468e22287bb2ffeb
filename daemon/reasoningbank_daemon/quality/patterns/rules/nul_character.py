"""A source text holds a NUL character: it was written in UTF-16, or is no text."""

from __future__ import annotations

from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import place
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity


def _find(document: Document) -> Iterator[Found]:
    position = document.text.find("\0")
    if position >= 0:
        yield place(document.text, position)


RULE = TextRule(
    rule="nul-character",
    category=Category.SYNTAX,
    severity=Severity.ERROR,
    message="the text holds a NUL character",
    suggestion="write the file anew as text",
    find=_find,
    languages=tuple(Language),
    fires=((Language.GO, "package a\0\n"),),
    quiet=((Language.GO, 'package a\n\nvar nul = "\\x00"\n'),),
)
