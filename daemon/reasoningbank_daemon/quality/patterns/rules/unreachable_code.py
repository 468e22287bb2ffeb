"""A statement stands behind one that leaves the block, so it never runs.

A bare `yield` there makes a Python function a generator, and JavaScript's function declarations are hoisted: neither is meant.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_daemon.quality.patterns.python_signs import may_be_unreachable
from reasoningbank_schema.verdicts import Category, Severity

_DEAD_PYTHON = (
    "[(return_statement) (raise_statement) (continue_statement) (break_statement)] . (comment)* . (_) @issue"
    r' (#not-match? @issue "^(#|yield\\b)")'  # a bare yield makes a function a generator
)

_DEAD_JS = (
    "[(return_statement) (throw_statement) (continue_statement) (break_statement)] . (comment)* ."
    " [(expression_statement) (return_statement) (throw_statement) (if_statement) (for_statement)"
    " (for_in_statement) (while_statement) (try_statement) (lexical_declaration)] @issue"
)

RULE = Pattern(
    rule="unreachable-code",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="this is never reached: the statement before it leaves the block",
    suggestion="take out one of the two",
    queries={
        Language.PYTHON: f"(block {_DEAD_PYTHON})",
        **in_each(JS_FAMILY, f"(statement_block {_DEAD_JS})"),
    },
    python_sign=may_be_unreachable,
    fires=(
        (Language.PYTHON, "def f():\n    return 1\n    # why\n    g()\n"),
        (Language.JAVASCRIPT, "function f() { return 1; g(); }"),
        (Language.TYPESCRIPT, "function f() { throw e; return 1; }"),
        (Language.TSX, "function f() { return 1; g(); }"),
    ),
    quiet=(
        (Language.PYTHON, "def f():\n    raise NotImplementedError\n    yield\n"),
        (Language.PYTHON, "def f(x):\n    if x:\n        return 1\n    return 2\n"),
        (Language.JAVASCRIPT, "function f() { return g(); function g() { return 1; } }"),
    ),
)
