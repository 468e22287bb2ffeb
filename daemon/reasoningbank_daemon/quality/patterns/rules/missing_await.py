"""A coroutine is made and nobody waits for it: a call of an `async def` of this file, or of `asyncio.sleep`, that stands alone.

Python runs nothing of it, and says so only in a warning when the coroutine is thrown away.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import place
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule
from reasoningbank_daemon.quality.patterns.words import places_of
from reasoningbank_schema.verdicts import Category, Severity

_DEFINED = re.compile(r"(?P<async>async[ \t]+)?(?P<def>def)[ \t]+(?P<name>\w+)")
_ALONE = re.compile(r"^[ \t]+(?P<call>(?P<callee>\w+(?:\.\w+)?)\([^\n]*\))[ \t]*(?:#[^\n]*)?$", re.MULTILINE)
"""A statement that is one call."""
_LIBRARY = frozenset(
    [
        *(f"{library}.sleep" for library in ("asyncio", "anyio", "trio")),
        *(f"asyncio.{name}" for name in ("wait", "wait_for", "to_thread", "open_connection")),
    ]
)


def _find(document: Document) -> Iterator[Found]:
    text = document.text
    if "async def" not in text:
        return
    for match in _calls_alone(document, _coroutines(text) | _LIBRARY):
        before = text[: match.start()].rstrip()
        if before.endswith(("(", ",", "=", "[", "{", "\\", "await", "return")) or match["call"].count(
            "("
        ) != match["call"].count(")"):
            continue  # it is an argument of what began above
        yield place(text, match.start("call"))


def _coroutines(text: str) -> set[str]:
    """Return the names by which the coroutines of a text are called in it; of those that are plain functions too, none."""
    plain: set[str] = set()
    found: set[tuple[str, str]] = set()
    for position in places_of(text, "def"):
        start = text.rfind("\n", 0, position) + 1
        lead = text[start:position]
        bare = lead.lstrip(" \t")
        if bare and not bare.startswith("async"):
            continue
        match = _DEFINED.match(text, position - len(bare))
        if match is None or match.start("def") != position:
            continue
        if match["async"] is None:
            plain.add(match["name"])
        else:
            found.add((match["name"], "self." if len(bare) < len(lead) else ""))
    return {owner + name for name, owner in found if name not in plain}


def _calls_alone(document: Document, names: Collection[str]) -> Iterator[re.Match[str]]:
    """Yield the statements that are one call of one of some names; a line is looked at closely where it begins with one."""
    found = [number for number, line in enumerate(document.lines) if line.lstrip().partition("(")[0] in names]
    start = done = 0
    for number in found:
        start += sum(map(len, itertools.islice(document.lines, done, number))) + number - done
        done = number
        if (match := _ALONE.match(document.text, start)) is not None:
            yield match


RULE = TextRule(
    rule="missing-await",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="this makes a coroutine, and nobody waits for it: nothing of it runs",
    suggestion="await it, or keep it in a task",
    find=_find,
    literals=("async def",),
    languages=(Language.PYTHON,),
    fires=(
        (Language.PYTHON, "async def f():\n    asyncio.sleep(1)\n"),
        (Language.PYTHON, "async def g():\n    return 1\n\n\nasync def f():\n    g()\n"),
        (
            Language.PYTHON,
            "class A:\n    async def g(self):\n        return 1\n\n    async def f(self):\n        self.g()\n",
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            "async def g():\n    return 1\n\n\nasync def f():\n    await g()\n    tasks.append(\n        g()\n    )\n",
        ),
        (Language.PYTHON, "def f():\n    time.sleep(1)\n"),
    ),
)
