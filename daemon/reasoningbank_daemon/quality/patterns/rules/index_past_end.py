"""An index that is one past the end: `items[len(items)]`, `i <= items.length`, `range(len(items) + 1)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import in_comment, place
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_INSIDE = {
    Language.PYTHON: re.compile(r"\[len\((?P<list>[\w.]+)\)\](?!\s*(?::[^=]|=[^=]))"),
    Language.GO: re.compile(r"\[len\((?P<list>[\w.]+)\)\]"),
    **dict.fromkeys(JS_FAMILY, re.compile(r"\[(?P<list>[\w.$]+)\.length\](?!\s*=[^=])")),
    Language.JAVA: re.compile(r"\[(?P<list>[\w.]+)\.length\]|\.get\((?P<other>[\w.]+)\.size\(\)\)"),
    Language.CSHARP: re.compile(r"\[(?P<list>[\w.]+)\.(?:Length|Count)\]"),
}
_LOOP = re.compile(
    r"for\s*\(\s*(?:var|let|const|int|size_t|auto)?\s*(?P<i>\w+)\s*=\s*0\s*;\s*(?P=i)\s*<=\s*(?P<list>[\w.$]+?)"
    r"\.(?:length|size\(\)|Length|Count)\s*;[^)]*\)(?P<body>(?:[^\n]*\n){1,6})"
)
_RANGE = re.compile(r"for (?P<i>\w+) in range\(len\((?P<list>[\w.]+)\) \+ 1\):(?P<body>(?:[^\n]*\n){1,6})")


def _find(document: Document) -> Iterator[Found]:
    text = document.text
    inside = None if document.language is None else _INSIDE.get(document.language)
    for match in inside.finditer(text) if inside is not None else ():
        name = next(each for each in match.groupdict().values() if each)
        start = match.start() - len(name)
        before = text[start - 1 : start] if start > 0 else ""
        is_whole = text[start : match.start()] == name and not (
            before and (before.isalnum() or before in "_.$")
        )
        if is_whole and not in_comment(text, start, document.language):
            yield place(text, start)
    loop = _RANGE if document.language is Language.PYTHON else _LOOP
    for match in loop.finditer(text):
        items = re.escape(match["list"])
        index = match["i"]
        if re.search(rf"(?<![\w.]){items}(?:\[{index}\]|\.get\({index}\)|\.at\({index}\))", match["body"]):
            yield place(text, match.start())


RULE = TextRule(
    rule="index-past-end",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="this index goes one past the end",
    suggestion="the last index is the length minus one",
    find=_find,
    python_literals=("[len(", "range(len("),
    literals=("[len(", "range(len(", ".length", ".size()", ".Length", ".Count"),
    languages=(*_INSIDE, Language.CPP, Language.PHP, Language.KOTLIN),
    fires=(
        (Language.PYTHON, "last = items[len(items)]\n"),
        (Language.PYTHON, "for i in range(len(items) + 1):\n    print(items[i])\n"),
        (Language.JAVASCRIPT, "for (let i = 0; i <= items.length; i++) {\n  f(items[i]);\n}\n"),
        (Language.JAVA, "for (int i = 0; i <= items.size(); i++) {\n  f(items.get(i));\n}\n"),
        (Language.GO, "last := items[len(items)]\n"),
    ),
    quiet=(
        (
            Language.PYTHON,
            "last = items[len(items) - 1]\nitems[len(items):] = [1]\nfor i in range(len(items) + 1):\n    f(items[:i])\n",
        ),
        (
            Language.JAVASCRIPT,
            "items[items.length] = x;\nfor (let i = 0; i < items.length; i++) {\n  f(items[i]);\n}\n",
        ),
    ),
)
