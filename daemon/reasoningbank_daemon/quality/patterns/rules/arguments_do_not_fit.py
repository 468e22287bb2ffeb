"""A call gives a Python function arguments that it does not take, or leaves out one that it needs.

Both stand in the same file: a call that the edit wrote, or any call of a function whose parameters the edit changed. Functions
with a decorator, methods that only raise `NotImplementedError`, names that are defined twice or bound anew, and calls in
docstrings are left alone. Calls in other files are ty's matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import place
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule, Found
from reasoningbank_daemon.quality.patterns.python_calls import Signature, balanced, calls, misfit, signatures
from reasoningbank_schema.verdicts import Category, Severity

_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")
_MOST_FUNCTIONS = 300
_QUOTE = re.compile(r"\"\"\"|'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#[^\n]*")
_ABSTRACT = re.compile(r"\s*(?:->[^:\n]*)?:\s*(?:\"\"\".*?\"\"\"\s*)?raise NotImplementedError\b", re.DOTALL)


def _find(change: Change) -> Iterator[Found]:
    called = {name for line in change.added for name in _CALLED.findall(line.text)}
    if not called or change.before is None:
        return
    known = signatures(change.after, called)
    lines = {line.number for line in change.added}
    for signature in list(known.values())[:_MOST_FUNCTIONS]:
        is_changed = signature.line in lines
        for position, call in calls(change.after, signature):
            found = place(change.after, position)
            spanned = range(found.line, found.line + (call.end_lineno or 1))
            if not is_changed and lines.isdisjoint(spanned):
                continue
            reason = misfit(call, signature)
            if reason is None or _is_bound_anew(signature.name, change.after):
                continue
            if _is_quoted(change.after, position) or _is_abstract(signature, change.after):
                continue
            message = f"this call of `{signature.name}` does not fit its definition in line {signature.line}: {reason}"
            yield Found(line=found.line, column=found.column, message=message)


def _is_bound_anew(name: str, text: str) -> bool:
    bound = rf"^\s*{name}\s*(?::[^=\n]+)?=[^=]|\bimport\b[^\n]*\b{name}\b"
    return re.search(bound, text, re.MULTILINE) is not None


def _is_quoted(text: str, position: int) -> bool:
    """Tell whether a position lies in a string over several lines."""
    start = 0
    while (token := _QUOTE.search(text, start)) is not None and token.start() < position:
        end = token.end()
        if token[0] in {'"""', "'''"}:
            close = text.find(token[0], end)
            end = len(text) if close < 0 else close + 3
            if position < end:
                return True
        start = end
    return False


def _is_abstract(signature: Signature, text: str) -> bool:
    """Tell whether a subclass defines a method in its own way."""
    if not signature.is_method:
        return False
    head = re.compile(rf"\bdef[ \t]+{signature.name}[ \t]*(?=\()").search(text)
    parameters = None if head is None else balanced(text, head.end())
    return (
        head is not None
        and parameters is not None
        and _ABSTRACT.match(text, head.end() + len(parameters)) is not None
    )


RULE = ChangeRule(
    rule="arguments-do-not-fit",
    category=Category.TYPES,
    severity=Severity.WARNING,
    message="this call does not fit the function's definition",
    suggestion="give it what it takes, or change the definition and all calls",
    find=_find,
    languages=(Language.PYTHON,),
    fires=(
        (
            Language.PYTHON,
            "def f(a):\n    return a\n\n\nx = f(1)\n",
            "def f(a):\n    return a\n\n\nx = f(1, None)\n",
        ),
        (
            Language.PYTHON,
            "def f(a):\n    return a\n\n\nx = f(1)\n",
            "def f(a, b):\n    return a\n\n\nx = f(1)\n",
        ),
        (
            Language.PYTHON,
            "class A:\n    def f(self, *, a):\n        return a\n\n    def g(self):\n        return self.f(a=1)\n",
            "class A:\n    def f(self, *, a):\n        return a\n\n    def g(self):\n        return self.f(b=1)\n",
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            "def f(a, b=1, *c, **d):\n    return a\n",
            "def f(a, b=1, *c, **d):\n    return a\n\n\nx = f(1, 2, 3, e=4)\n",
        ),
        (
            Language.PYTHON,
            "def f(a):\n    return a\n",
            "def f(a):\n    return a\n\n\nx = f(*args)\nf = g\ny = f(1, 2)\n",
        ),
        (
            Language.PYTHON,
            "@wraps(x)\ndef f(a):\n    return a\n",
            "@wraps(x)\ndef f(a):\n    return a\n\n\nx = f(1, 2)\n",
        ),
        (
            Language.PYTHON,
            "def f(a):\n    return a\n",
            'def f(a):\n    """Cf. also\n    f(1, 2).\n    """\n    return a\n',
        ),
        (
            Language.PYTHON,
            "class A:\n    def f(self, a):\n        raise NotImplementedError\n",
            "class A:\n    def f(self, a):\n        raise NotImplementedError\n\n    def g(self):\n        return self.f(1, 2)\n",
        ),
    ),
)
