"""An assertion that cannot fail, such as `assert True`.

It makes a test green without testing anything. Assert what the test is about, or say that it fails.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_daemon.quality.patterns.python_signs import PythonLines
from reasoningbank_schema.verdicts import Category, Severity

_ALWAYS_TRUE = re.compile(r"assert(?:True[\s\\]*\()?[\s\\]*(?:#[^\n]*\s*)*True")


def _may_match(code: PythonLines) -> bool:
    return "assert" in code.text and _ALWAYS_TRUE.search(code.text) is not None


RULE = Pattern(
    rule="assertion-always-true",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="this assertion cannot fail",
    suggestion="assert what the test is about",
    queries={
        Language.PYTHON: """
            (assert_statement . "assert" . (true)) @issue
            (call function: (attribute attribute: (identifier) @m) arguments: (argument_list . (true))
              (#eq? @m "assertTrue")) @issue
            """,
        **in_each(
            JS_FAMILY,
            """
            (call_expression function: (member_expression
              object: (call_expression function: (identifier) @e arguments: (arguments . (true) .))
              property: (property_identifier) @p)
              (#eq? @e "expect") (#any-of? @p "toBe" "toBeTruthy" "toEqual")) @issue
            """,
        ),
        Language.JAVA: """
            (method_invocation name: (identifier) @m arguments: (argument_list . (true) .)
              (#eq? @m "assertTrue")) @issue
            """,
        Language.RUST: """
            (macro_invocation macro: (identifier) @m (token_tree . (boolean_literal) @b .)
              (#eq? @m "assert") (#eq? @b "true")) @issue
            """,
    },
    python_sign=_may_match,
    fires=(
        (Language.PYTHON, "def test_a():\n    assert True\n"),
        (Language.PYTHON, "self.assertTrue(True)\n"),
        (Language.JAVASCRIPT, "expect(true).toBe(true);"),
        (Language.TYPESCRIPT, "expect(true).toBeTruthy();"),
        (Language.TSX, "expect(true).toEqual(true);"),
        (Language.JAVA, "class A { void f() { assertTrue(true); } }"),
        (Language.RUST, "fn f() { assert!(true); }"),
    ),
    quiet=((Language.PYTHON, "assert x is True\nself.assertTrue(x)\n"),),
)
