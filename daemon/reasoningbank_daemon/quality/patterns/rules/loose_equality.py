"""JavaScript's `==` converts its sides before it compares them: `0 == ""` is true.

Against `null` and `undefined` it is the customary test for both, and after `typeof` it compares strings: neither is meant. In a
file that compares so throughout, one more is its habit, and a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, ChangeRule, Found
from reasoningbank_schema.verdicts import Category, Severity

_QUOTED = re.compile(
    r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|//[^\n]*|/\*.*?\*/|^[ \t]*\*[^\n]*$"
    r"|(?<=[=(,:&|!?{};])\s*/(?![*/\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/",
    re.MULTILINE | re.DOTALL,
)
"""Strings, comments, and regular expressions where one may begin."""
_LOOSE = re.compile(r"(?<![=!<>])[=!]=(?!=)")
_STRICT = re.compile(r"[=!]==")
_CUSTOMARY = re.compile(r"(?:\bnull|\bundefined|\bvoid 0|\bNULL)\s*$|\btypeof\s+[\w.$\[\]()]+\s*$")
_CUSTOMARY_RIGHT = re.compile(r"\s*(?:null|undefined|void 0|typeof)\b")
_LEFT_CHARACTERS = 200
"""What stands left of a comparison is looked at so far: a minified line holds thousands of them."""
_HABIT = 3
"""A file with at least this many, and no fewer than strict ones, has the habit."""


def _find(change: Change) -> Iterator[Found]:
    if not any("==" in line.text or "!=" in line.text for line in change.added):
        return
    severity = Severity.NOTE if change.before is not None and _is_habit(change.before) else Severity.WARNING
    for line in change.added:
        for column in _columns(line.text):
            yield Found(line=line.number, column=column + 1, severity=severity)


def _columns(line: str) -> Iterator[int]:
    bare = _without_quoted(line)
    for match in _LOOSE.finditer(bare):
        left = bare[max(0, match.start() - _LEFT_CHARACTERS) : match.start()]
        if not _CUSTOMARY.search(left) and not _CUSTOMARY_RIGHT.match(bare, match.end()):
            yield match.start()


def _is_habit(text: str) -> bool:
    bare = _without_quoted(text)
    loose = sum(1 for line in bare.split("\n") for _ in _columns(line))
    return loose >= _HABIT and loose >= len(_STRICT.findall(bare))


def _without_quoted(text: str) -> str:
    """Blank out strings and comments; each keeps its length and its quotes."""
    return _QUOTED.sub(lambda found: re.sub(r"[^\n\"'`]", " ", found[0]), text)


RULE = ChangeRule(
    rule="loose-equality",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="== converts its sides before it compares them",
    suggestion="use === or !==",
    find=_find,
    languages=JS_FAMILY,
    fires=(
        (Language.JAVASCRIPT, "f();\n", "f();\nif (a == 'x') { f(); }\n"),
        (Language.TYPESCRIPT, "f();\n", "if (a != b) { f(); }\n"),
        (Language.TSX, "f();\n", "const e = a == 1;\n"),
        (Language.JAVASCRIPT, "const a = b === 1;\n", "const a = b == 1;\n"),
    ),
    quiet=(
        (
            Language.JAVASCRIPT,
            "f();\n",
            "if (a === b || a == null || a != undefined || typeof a == 'string') { f(); }\n",
        ),
        (Language.JAVASCRIPT, "f();\n", "f('a == b'); // a == b\n/* a == b */ g(/a==b/);\nlet c = a >= b;\n"),
        (Language.JAVASCRIPT, "if (a == b) { f(); }\n", "{\n  if (a == b) { f(); }\n}\n"),
    ),
)
