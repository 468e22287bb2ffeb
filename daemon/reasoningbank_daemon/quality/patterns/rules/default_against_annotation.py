"""A default is a mutable container, and the annotation says that the parameter is none.

Ruff's B006 leaves these alone, because it trusts the annotation.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import Pattern
from reasoningbank_schema.verdicts import Category, Severity

RULE = Pattern(
    rule="default-against-annotation",
    category=Category.TYPES,
    severity=Severity.WARNING,
    message="this default is a mutable container, and the annotation says that it is none",
    suggestion="default to None",
    queries={
        Language.PYTHON: """
            (typed_default_parameter type: (type) @t value: [(list) (dictionary) (set)]
              (#match? @t "^(str|int|float|bool|bytes|None|Path|Optional\\\\[(str|int|float|bool)\\\\])( *\\\\| *(str|int|float|bool|bytes|None|Path))*$")
            ) @issue
            """,
    },
    fires=((Language.PYTHON, "def f(a: str | None = {}): return a\n"),),
    quiet=((Language.PYTHON, "def f(a: str | None = None, b: list[str] = []): return a\n"),),
)
