"""An attribute of `self` or `this` that the edit uses is set nowhere in the file, and one with nearly that name is.

Nearly means one letter more, less, other or swapped. Where a base class stands elsewhere both may be there: so a plural of a
known name is let pass, its asynchronous twin (`asave` beside `save`), and the assertions of a test case.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, ChangeRule, Found
from reasoningbank_daemon.quality.patterns.words import word_count
from reasoningbank_schema.verdicts import Category, Severity

_USE = {
    Language.PYTHON: re.compile(r"\b(?:self|cls)\.([A-Za-z_]\w{3,})"),
    **dict.fromkeys(JS_FAMILY, re.compile(r"\bthis\.([A-Za-z_$]\w{3,})")),
}
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_MOST_NAMES = 5_000
_MANY_NAMES = 50
"""To look for so many one by one takes as long as to read all words."""


def _find(change: Change) -> Iterator[Found]:
    use = None if change.language is None else _USE.get(change.language)
    if use is None or change.before is None:
        return
    candidates = [(line, match) for line in change.added for match in use.finditer(line.text)]
    if not candidates:
        return
    names = {match[1] for _, match in candidates if not match[1].startswith("assert")}
    unknown = names - _standing(names, change.before)
    if not unknown:
        return
    known = frozenset(found[1] for found in use.finditer(change.before))
    if len(known) > _MOST_NAMES:
        return
    for line, match in candidates:
        name = match[1]
        near = _near(name, known) if name in unknown and word_count(change.after, name) == 1 else None
        # The name that it is like must still be there: else all its places were renamed.
        if near is not None and word_count(change.after, near):
            yield Found(
                line=line.number,
                column=match.start(1) + 1,
                message=f"`{name}` is set nowhere in this file, and `{near}` is known",
                suggestion=f"write {near}",
            )


def _standing(names: set[str], text: str) -> set[str]:
    """Return those of some names that stand in a text; for a few of them it is not read as a whole."""
    if len(names) > _MANY_NAMES:
        return names.intersection(_WORD.findall(text))
    return {name for name in names if word_count(text, name)}


def _near(name: str, known: frozenset[str]) -> str | None:
    for other in sorted(known):
        if abs(len(other) - len(name)) <= 1 and _one_apart(name, other):
            shorter, longer = sorted((name, other), key=len)
            if longer in _twins(shorter) or _ends_in_digits(name, other):
                continue
            return other
    return None


def _twins(name: str) -> tuple[str, ...]:
    return f"{name}s", f"_{name}", f"{name}_", f"a{name}"


def _ends_in_digits(one: str, other: str) -> bool:
    return one.rstrip("0123456789") == other.rstrip("0123456789")


@functools.lru_cache(maxsize=4096)
def _one_apart(one: str, other: str) -> bool:
    """Tell whether one letter more, less, other, or two neighbours swapped make one name the other."""
    if len(one) == len(other):
        places = [index for index in range(len(one)) if one[index] != other[index]]
        if len(places) == 1:
            return True
        return (
            len(places) == 2
            and places[1] == places[0] + 1
            and one[places[0]] == other[places[1]]
            and one[places[1]] == other[places[0]]
        )
    shorter, longer = sorted((one, other), key=len)
    return len(longer) == len(shorter) + 1 and any(
        longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer))
    )


RULE = ChangeRule(
    rule="misspelt-attribute",
    category=Category.NAMES,
    severity=Severity.WARNING,
    message="this attribute is set nowhere in this file",
    suggestion="write the name that is known",
    find=_find,
    languages=tuple(_USE),
    fires=(
        (
            Language.PYTHON,
            "class A:\n    def f(self):\n        self.register()\n    def g(self):\n        self.register()\n",
            "class A:\n    def f(self):\n        self.register()\n    def g(self):\n        self.reister()\n",
        ),
        (
            Language.TYPESCRIPT,
            "class A {\n  timer = 1;\n  f() { return this.timer; }\n  g() { return this.timer; }\n}\n",
            "class A {\n  timer = 1;\n  f() { return this.timer; }\n  g() { return this.tiemr; }\n}\n",
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            "class A:\n    def f(self):\n        self.item = 1\n",
            "class A:\n    def f(self):\n        self.item = 1\n        self.items = [self.item]\n",
        ),
        (
            Language.PYTHON,
            "class A:\n    def f(self):\n        self.colour = 1\n",
            "class A:\n    def f(self):\n        self.color = 1\n",
        ),
        (
            Language.PYTHON,
            "class A(B):\n    def f(self):\n        self.save()\n        self.assertIn(1, [1])\n",
            "class A(B):\n    async def f(self):\n        self.save()\n        self.assertIn(1, [1])\n        await self.asave()\n        self.assertIs(1, 1)\n",
        ),
    ),
)
