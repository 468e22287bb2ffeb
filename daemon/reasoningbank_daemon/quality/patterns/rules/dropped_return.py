"""The word `return` was dropped before a value: the value is worked out and thrown away.

A call without its `return` may be meant, where a function no longer gives anything back: it counts only while another
path of the function still returns a value. Where the next statement returns one, or the line is now part of a longer
statement, nothing was dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, ChangeRule, Found
from reasoningbank_schema.verdicts import Category, Severity

_CALL = re.compile(r"^(?:await )?[\w.$]+(?:\[[^\]]*\])?\(.*\);?$", re.DOTALL)
_REACH = 60
"""Lines each way in which another `return` with a value is looked for, at the same depth or deeper."""
_RETURN = re.compile(r"^\s*return\s+(?!None\b|null\b|undefined\b|;)\S")


def _find(change: Change) -> Iterator[Found]:
    dropped = {
        text
        for line in change.removed
        if (text := line.text.strip().removeprefix("return ")) != line.text.strip()
    }
    for line in change.added if dropped else ():
        text = line.text.strip()
        if text not in dropped or not _is_whole(text, change.language):
            continue
        lines = change.after.split("\n")
        if _is_within(lines, line.number, change.language) or _returns_next(lines, line.number):
            continue
        if not _CALL.match(text) or _returns_nearby(lines, line.number):
            yield Found(line=line.number, column=len(line.text) - len(line.text.lstrip()) + 1)


def _is_whole(text: str, language: Language | None) -> bool:
    """Tell whether a statement ends with its line."""
    if language is not Language.PYTHON:
        return text.endswith(";")
    return all(text.count(opening) == text.count(closing) for opening, closing in ("()", "[]", "{}"))


def _is_within(lines: list[str], number: int, language: Language | None) -> bool:
    """Tell whether a line goes on with the statement of the line before it."""
    before = lines[number - 2].rstrip() if number > 1 else ""
    if language is Language.PYTHON and before.endswith("{"):
        return True
    return before.endswith(("(", "[", ",", "\\", "=", " and", " or", "&&", "||", "=>", "+"))


def _returns_next(lines: list[str], number: int) -> bool:
    """Tell whether the statement after a line returns a value, in the same block."""
    after = next((line for line in lines[number:] if line.strip()), "")
    return _RETURN.match(after) is not None and _indent(after) == _indent(lines[number - 1])


def _returns_nearby(lines: list[str], number: int) -> bool:
    indent = _indent(lines[number - 1])
    for step in (-1, 1):
        for index in range(number - 1 + step, number - 1 + step * _REACH, step):
            if not 0 <= index < len(lines):
                break
            if lines[index].strip() and _indent(lines[index]) < indent and step > 0:
                break
            if re.match(r"\s*(?:(?:async )?def|function|func|fn|fun)\b", lines[index]) and step < 0:
                break
            if _RETURN.match(lines[index]):
                return True
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


RULE = ChangeRule(
    rule="dropped-return",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="this value was returned before the edit, and is thrown away now",
    suggestion="return it",
    find=_find,
    languages=(
        Language.PYTHON, *JS_FAMILY, Language.JAVA, Language.CSHARP, Language.PHP, Language.C, Language.CPP,
    ),
    fires=(
        (Language.PYTHON, "def f(a):\n    return a.b + 1\n", "def f(a):\n    a.b + 1\n"),
        (
            Language.PYTHON,
            "def f(a):\n    if a:\n        return 1\n    return g(a)\n",
            "def f(a):\n    if a:\n        return 1\n    g(a)\n",
        ),
        (Language.JAVASCRIPT, "function f(a) {\n  return a.b;\n}\n", "function f(a) {\n  a.b;\n}\n"),
    ),
    quiet=(
        (Language.PYTHON, "def f(a):\n    return g(a)\n", "def f(a):\n    g(a)\n"),
        (
            Language.PYTHON,
            "def f(a):\n    if a:\n        return 1\n    return g(a)\n",
            "def f(a):\n    if a:\n        return 1\n    g(a)\n    return a\n",
        ),
        (
            Language.PYTHON,
            "def f(a):\n    if a:\n        return 1\n    return a.get(1)\n",
            "def f(a):\n    if a:\n        return 1\n    return (\n    a.get(1)\n    or 2)\n",
        ),
    ),
)  # fmt: skip
