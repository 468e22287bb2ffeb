"""An f-string that the edit wrote holds no placeholder: either the `f` is too much, or what it should show was forgotten.

Where the edit took the placeholders out of one that stood there, as one does when a query gets parameters, nothing was forgotten.
In a text that is judged without its state before, ruff's F541 says the same as a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule, Found
from reasoningbank_schema.verdicts import Category, Severity

_TOKEN = re.compile(
    r"#.*|(?P<prefix>(?<![A-Za-z0-9_])[A-Za-z]{0,2})(?:\"\"\"|'''|\"(?P<one>(?:\\.|[^\"\\])*)\"|'(?P<other>(?:\\.|[^'\\])*)')"
)
_F_STRING = re.compile(r"\b[rR]?[fF][rR]?[\"'].*\{")
_BEGINS_WITH_STRING = re.compile(r"\s*[A-Za-z]{0,2}[\"']")
_ENDS_WITH_STRING = re.compile(r"[\"']\s*(?:\\\s*)?$")


def _find(change: Change) -> Iterator[Found]:
    if change.before is None or not any(_columns(line.text) for line in change.added):
        return
    if any(_F_STRING.search(line.text) for line in change.removed):
        return
    lines = change.after.split("\n")
    for line in change.added:
        columns = _columns(line.text)
        if columns and not _goes_on(lines, line.number):
            yield Found(line=line.number, column=columns[0] + 1)


def _columns(line: str) -> list[int]:
    """Return where f-strings without a placeholder begin; none in a line that holds strings side by side."""
    if 'f"' not in line.lower() and "f'" not in line.lower():
        return []
    found: list[int] = []
    end = -1
    for match in _TOKEN.finditer(line):
        if match["one"] is None and match["other"] is None:
            return [] if not match[0].startswith("#") else found
        if end >= 0 and not line[end : match.start()].strip():
            return []
        end = match.end()
        if "f" in match["prefix"].lower() and "{" not in (match["one"] or match["other"] or ""):
            found.append(match.start())
    return found


def _goes_on(lines: list[str], number: int) -> bool:
    """Tell whether a string in a line may be one part of a string over several lines."""
    line = lines[number - 1]
    before = lines[number - 2] if number > 1 else ""
    after = lines[number] if number < len(lines) else ""
    return (_ENDS_WITH_STRING.search(before) is not None and _BEGINS_WITH_STRING.match(line) is not None) or (
        _ENDS_WITH_STRING.search(line) is not None and _BEGINS_WITH_STRING.match(after) is not None
    )


RULE = ChangeRule(
    rule="placeholder-missing",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="this f-string holds no placeholder",
    suggestion="write in braces what it should show, or take the f away",
    find=_find,
    languages=(Language.PYTHON,),
    fires=(
        (Language.PYTHON, "x = 1\n", "x = 1\nprint(f'hello user')\n"),
        (Language.PYTHON, "x = 1\n", 'x = 1\nraise ValueError(f"no such user", x)\n'),
    ),
    quiet=(
        (Language.PYTHON, "x = 1\n", "x = 1\nprint(f'hello {x}')\n"),
        (Language.PYTHON, "x = 1\n", "x = 1\nprint(f'hello {x} '\n      f'and you')\n"),
        (Language.PYTHON, "x = 1\n", "x = 1\nprint(f'{x}' f' and you')\n"),
        (Language.PYTHON, "x = 1\n", "x = 1\nprint('of\"f')  # f'it'\n"),
        (Language.PYTHON, "go(f'a = {x}')\n", "go(f'a = %s', x)\n"),
    ),
)
