"""The `await` before a call was dropped: the call now makes a coroutine or a promise that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, ChangeRule, Found
from reasoningbank_schema.verdicts import Category, Severity


def _find(change: Change) -> Iterator[Found]:
    dropped = {
        text
        for line in change.removed
        if (text := line.text.strip().removeprefix("await ")) != line.text.strip()
    }
    for line in change.added if dropped else ():
        if line.text.strip() in dropped:
            yield Found(line=line.number, column=len(line.text) - len(line.text.lstrip()) + 1)


RULE = ChangeRule(
    rule="dropped-await",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="this call was awaited before the edit, and nobody waits for it now",
    suggestion="await it, or keep it in a task that is awaited later",
    find=_find,
    languages=(Language.PYTHON, *JS_FAMILY, Language.CSHARP, Language.SWIFT),
    fires=(
        (Language.PYTHON, "async def f():\n    await g()\n", "async def f():\n    g()\n"),
        (Language.JAVASCRIPT, "async function f() {\n  await g();\n}\n", "async function f() {\n  g();\n}\n"),
    ),
    quiet=(
        (Language.PYTHON, "async def f():\n    await g()\n", "async def f():\n    await h()\n    g2()\n"),
    ),
)
