"""A default is a mutable container, and the annotation says that the parameter is none.

Ruff's B006 leaves these alone, because it trusts the annotation.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import Pattern
from reasoningbank_daemon.quality.patterns.python_signs import PythonLines
from reasoningbank_schema.verdicts import Category, Severity

_CONTAINER = re.compile(r"=[\s\\]*(?:#[^\n]*\s*)*[\[{]")
_ANNOTATION = re.compile(r"(?:str|int|float|bool|bytes|None|Path|Optional\[\w+\])[\s\\]*(?:#[^\n]*\s*)*\Z")
_REACH = 200


def _may_match(code: PythonLines) -> bool:
    return any(
        _ANNOTATION.search(code.text, max(0, match.start() - _REACH), match.start())
        for match in _CONTAINER.finditer(code.text)
    )


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
    python_sign=_may_match,
    fires=((Language.PYTHON, "def f(a: str | None = {}): return a\n"),),
    quiet=((Language.PYTHON, "def f(a: str | None = None, b: list[str] = []): return a\n"),),
)
