"""Code that ran before the edit is now a comment.

What is not needed is taken out; git remembers it. Only lines that stood there as code are meant, so prose and examples in
comments are not. Where the comment also says in words why, it weighs as a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import CODE, ChangeRule, Found
from reasoningbank_schema.verdicts import Category, Severity

_COMMENT = re.compile(r"^\s*(?:#|//+|--)\s?(?P<code>\S.*?)\s*$")
_SHORTEST = 6
_LIKE_CODE = re.compile(r"[()={}\[\];]|^@\w|^(?:return|import|from|raise|yield|break|continue|pass)\b")
_SENTENCE = re.compile(r"[A-Z][a-z]+,? (?:[a-z0-9]|\(c\)|[A-Z][a-z])|\W*\w[\w ]*:? *\w+://")
"""How a line of a docstring begins that became a comment: a sentence, a name, an address."""
_PROSE = re.compile(r"[a-z] [a-z]+ [a-z]+ [a-z]+\b[^=(]*\.?$")


def _find(change: Change) -> Iterator[Found]:
    if change.before is None:
        return
    removed = {text for line in change.removed if _is_code(text := line.text.strip())}
    # Scripts are tried out line by line; what is switched off there is often meant to be switched on again.
    severity = Severity.NOTE if change.language is Language.BASH else Severity.WARNING
    last = -1
    for line in change.added if removed else ():
        match = _COMMENT.match(line.text)
        if match is None or match["code"].strip() not in removed:
            continue
        if line.number != last + 1:  # one finding a block
            column = len(line.text) - len(line.text.lstrip()) + 1
            yield Found(
                line=line.number,
                column=column,
                severity=Severity.NOTE if _says_why(change.after.split("\n"), line.number) else severity,
            )
        last = line.number


def _says_why(lines: list[str], number: int) -> bool:
    """Tell whether the comment that a line belongs to holds words above it."""
    for text in reversed(lines[: number - 1]):
        match = _COMMENT.match(text)
        if match is None and text.strip() not in {"#", "//"}:
            return False
        if match is not None and _PROSE.search(match["code"]) is not None:
            return True
    return False


def _is_code(text: str) -> bool:
    return (
        len(text) >= _SHORTEST
        and _LIKE_CODE.search(text) is not None
        and _PROSE.search(text) is None
        and _SENTENCE.match(text) is None
    )


RULE = ChangeRule(
    rule="commented-out-code",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="code that ran before the edit is now a comment",
    suggestion="take it out, or let it run",
    find=_find,
    languages=CODE,
    fires=(
        (
            Language.PYTHON,
            "def f():\n    check(x)\n    return x\n",
            "def f():\n    # check(x)\n    return x\n",
        ),
        (Language.GO, "func f() {\n\tcheck(x)\n}\n", "func f() {\n\t// check(x)\n}\n"),
    ),
    quiet=(
        (Language.PYTHON, "x = 1\n", "# x is one\nx = 1\n"),
        (
            Language.PYTHON,
            '"""\nStarted by Ann (http://a.org/).\nDocs: http://b.org/ (new)\n"""\n',
            "# Started by Ann (http://a.org/).\n# Docs: http://b.org/ (new)\n",
        ),
        (Language.PYTHON, "check(x)\n", "# we check x here\ncheck_all(x)\n"),
    ),
)
