"""The word `return` was dropped before a value: the value is worked out and thrown away.

A call without its `return` may be meant, where a function no longer gives anything back: it counts only while another
path of the function still returns a value, the function says by its annotation that it does, or the call does nothing else. Where the next statement returns one, or the line is now part of a longer
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
"""Lines each way in which another `return` with a value is looked for, within the function."""
_PURE = re.compile(
    r"(?:await )?(?:len|all|any|int|str|float|bool|bytes|sum|sorted|reversed|getattr|hasattr|isinstance|issubclass|tuple|list|dict|set"
    r"|frozenset|max|min|next|repr|zip|map|filter|enumerate|range|round|abs|[\w.]+\.(?:strip|lower|upper|format|join|split|replace))\("
)
"""Calls for the sake of their value."""
_PYTHON_DEF = re.compile(r"^([ \t]*)(?:async[ \t]+)?def[ \t]")
_GIVES = re.compile(
    r"->\s*(?!None\b|NoReturn\b|Never\b|Generator\b|Iterator\b|Iterable\b|Async\w+\b|Any\b)[\w\"'\[]"
)
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
        if (
            not _CALL.match(text)
            or _PURE.match(text)
            or (change.language is Language.PYTHON and _is_annotated(lines, line.number))
            or _returns_nearby(lines, line.number)
        ):
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
            if lines[index].strip() and step > 0 and _leaves(lines[index], indent):
                break
            if re.match(r"\s*(?:(?:async )?def|function|func|fn|fun)\b", lines[index]) and step < 0:
                break
            if _RETURN.match(lines[index]):
                return True
    return False


def _leaves(line: str, indent: int) -> bool:
    """Tell whether a line is beyond the block of the function: another begins, or the depth is that of a class or less."""
    return (
        _indent(line) < min(indent, 4)
        or re.match(r"\s*(?:@|(?:async )?def\b|class\b|function\b)", line) is not None
    )


def _is_annotated(lines: list[str], number: int) -> bool:
    """Tell whether the Python function that a line stands in says that it returns a value."""
    indent = _indent(lines[number - 1])
    for index in range(number - 2, -1, -1):
        match = _PYTHON_DEF.match(lines[index])
        if match is None or len(match[1]) >= indent:
            continue
        head = ""
        for line in lines[index : index + 30]:
            head += line
            if line.rstrip().endswith(":"):
                break
        return _GIVES.search(head) is not None
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
        (Language.PYTHON, "def f(a) -> int:\n    return g(a)\n", "def f(a) -> int:\n    g(a)\n"),
        (Language.PYTHON, "def f(a):\n    return len(a)\n", "def f(a):\n    len(a)\n"),
        (
            Language.PYTHON,
            "def f(a):\n    if a:\n        return g(a)\n    return 1\n",
            "def f(a):\n    if a:\n        g(a)\n    return 1\n",
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
