"""Comments that keep a finding quiet: `reasoningbank: ignore[rule] reason`, in the comment style of each language. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity

ENGINE = "text"
RULE = "ignore-without-reason"

_WORD = "reasoningbank:"
_HASH = frozenset({Language.PYTHON, Language.RUBY, Language.BASH, Language.YAML, Language.TOML})
_COMMENT = r"(?:{opening})[ \t]*reasoningbank:[ \t]*ignore(?:\[(?P<rules>[^\]\n]*)\])?(?P<reason>[^\n]*)"
_BY_HASH = re.compile(_COMMENT.format(opening="#"))
_BY_SLASHES = re.compile(_COMMENT.format(opening=r"//|/\*+|^[ \t]*\*"), re.MULTILINE)
_BY_ANY = re.compile(_COMMENT.format(opening=r"#|//|/\*+|<!--|--|;|%"))
_CLOSINGS = re.compile(r"\*/|-->")
_LETTERS = re.compile(r"\w{2,}")


class Ignores(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that are to be quiet by line (from 1), and the comments that are no good."""

    lines: Mapping[int, frozenset[str]] = {}
    faults: tuple[RawIssue, ...] = ()


NONE = Ignores()


def find_ignores(text: str, language: Language | None) -> Ignores:
    """Return what a text's comments ignore.

    A comment behind code speaks of its line, one on a line of its own of the next line that is not empty.
    """
    if _WORD not in text:
        return NONE
    lines: dict[int, frozenset[str]] = {}
    faults: list[RawIssue] = []
    for match in _pattern(language).finditer(text):
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        line = text.count("\n", 0, start) + 1
        rules = frozenset(rule.strip() for rule in (match["rules"] or "").split(",") if rule.strip())
        if not rules or not _LETTERS.search(_CLOSINGS.sub("", match["reason"])):
            faults.append(_fault(line, start - text.rfind("\n", 0, start), has_rules=bool(rules)))
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


def _fault(line: int, column: int, *, has_rules: bool) -> RawIssue:
    return RawIssue(
        line=line,
        column=column,
        rule=RULE,
        category=Category.AGENT,
        severity=Severity.NOTE,
        message="this comment keeps a finding quiet and says no reason"
        if has_rules
        else "this comment names no rule, so nothing is kept quiet",
        suggestion="write: reasoningbank: ignore[rule] and why the finding does not apply",
        engine=ENGINE,
    )
