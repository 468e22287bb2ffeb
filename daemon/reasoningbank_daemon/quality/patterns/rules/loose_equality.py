"""JavaScript's `==` converts its sides before it compares them: `0 == ""` is true.

Against `null` and `undefined` it is the customary test for both, and after `typeof` it compares strings: neither is meant.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

RULE = Pattern(
    rule="loose-equality",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="== converts its sides before it compares them",
    suggestion="use === or !==",
    queries=in_each(
        JS_FAMILY,
        """
        (binary_expression
          left: [(identifier) (member_expression) (subscript_expression) (call_expression) (string) (number)
                 (true) (false)]
          operator: ["==" "!="]
          right: [(identifier) (member_expression) (subscript_expression) (call_expression) (string) (number)
                 (true) (false)]) @issue
        """,  # against null and undefined it is the customary test for both; typeof always gives a string
    ),
    fires=(
        (Language.JAVASCRIPT, "if (a == 'x') { f(); }"),
        (Language.TYPESCRIPT, "if (a != b) { f(); }"),
        (Language.TSX, "const e = a == 1;"),
    ),
    quiet=(
        (Language.JAVASCRIPT, "if (a === b || a == null || a != undefined || typeof a == 'string') { f(); }"),
    ),
)
