"""Comments that keep a finding quiet: `reasoningbank: ignore[rule] reason`, in the comment style of each language. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from reasoningbank_daemon.quality.languages import Language

WORD = "reasoningbank:"
_HASH = frozenset({Language.PYTHON, Language.RUBY, Language.BASH, Language.YAML, Language.TOML})
_COMMENT = r"(?:{opening})[ \t]*reasoningbank:[ \t]*ignore(?:\[(?P<rules>[^\]\n]*)\])?(?P<reason>[^\n]*)"
_BY_HASH = re.compile(_COMMENT.format(opening="#"))
_BY_SLASHES = re.compile(_COMMENT.format(opening=r"//|/\*+|^[ \t]*\*"), re.MULTILINE)
_BY_ANY = re.compile(_COMMENT.format(opening=r"#|//|/\*+|<!--|--|;|%"))
_CLOSINGS = re.compile(r"\*/|-->")
_LETTERS = re.compile(r"\w{2,}")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A comment that is no good: it names no rule, or no reason. `line` and `column` count from 1."""

    line: int
    column: int
    has_rules: bool


class Ignores(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that are to be quiet by line (from 1), and the comments that are no good."""

    lines: Mapping[int, frozenset[str]] = {}
    faults: tuple[Fault, ...] = ()


NONE = Ignores()


def find_ignores(text: str, language: Language | None) -> Ignores:
    """Return what a text's comments ignore.

    A comment behind code speaks of its line, one on a line of its own of the next line that is not empty.
    """
    if WORD not in text:
        return NONE
    lines: dict[int, frozenset[str]] = {}
    faults: list[Fault] = []
    for match in _pattern(language).finditer(text):
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        line = text.count("\n", 0, start) + 1
        rules = frozenset(rule.strip() for rule in (match["rules"] or "").split(",") if rule.strip())
        if not rules or not _LETTERS.search(_CLOSINGS.sub("", match["reason"])):
            column = start - text.rfind("\n", 0, start)
            faults.append(Fault(line=line, column=column, has_rules=bool(rules)))
        for quiet in _lines_meant(text, start, line):
            lines[quiet] = lines.get(quiet, frozenset()) | rules
    return Ignores(lines=lines, faults=tuple(faults))


def _pattern(language: Language | None) -> re.Pattern[str]:
    if language is None or language is Language.PHP:
        return _BY_ANY
    return _BY_HASH if language in _HASH else _BY_SLASHES


def _lines_meant(text: str, start: int, line: int) -> tuple[int, ...]:
    begin = text.rfind("\n", 0, start) + 1
    if text[begin:start].strip():
        return (line,)
    end = text.find("\n", start)
    rest = text[end + 1 :] if end >= 0 else ""
    skipped = len(rest) - len(rest.lstrip())
    return (line, line + 1 + rest.count("\n", 0, skipped))
