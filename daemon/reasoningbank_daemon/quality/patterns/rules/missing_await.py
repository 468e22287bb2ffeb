"""A coroutine is made and nobody waits for it: a call of an `async def` of this file, or of `asyncio.sleep`, that stands alone.

Python runs nothing of it, and says so only in a warning when the coroutine is thrown away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import place
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_COROUTINE = re.compile(r"^([ \t]*)async[ \t]+def[ \t]+(\w+)", re.MULTILINE)
_PLAIN = re.compile(r"^[ \t]*def[ \t]+(\w+)", re.MULTILINE)
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
    plain = set(_PLAIN.findall(text))
    coroutines = {
        f"self.{name}" if indent else name for indent, name in _COROUTINE.findall(text) if name not in plain
    }
    for match in _ALONE.finditer(text):
        if match["callee"] not in coroutines and match["callee"] not in _LIBRARY:
            continue
        before = text[: match.start()].rstrip()
        if before.endswith(("(", ",", "=", "[", "{", "\\", "await", "return")) or match["call"].count(
            "("
        ) != match["call"].count(")"):
            continue  # it is an argument of what began above
        yield place(text, match.start("call"))


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
