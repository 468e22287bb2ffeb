"""Code that does something else than it seems to."""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

LOOSE_EQUALITY = Pattern(
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
)

_DEAD_PYTHON = (
    "[(return_statement) (raise_statement) (continue_statement) (break_statement)] . (comment)* . (_) @issue"
    r' (#not-match? @issue "^(#|yield\\b)")'  # a bare yield makes a function a generator
)
_DEAD_JS = (
    "[(return_statement) (throw_statement) (continue_statement) (break_statement)] . (comment)* ."
    " [(expression_statement) (return_statement) (throw_statement) (if_statement) (for_statement)"
    " (for_in_statement) (while_statement) (try_statement) (lexical_declaration)] @issue"
)

UNREACHABLE = Pattern(
    rule="unreachable-code",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="this is never reached: the statement before it leaves the block",
    suggestion="take out one of the two",
    queries={
        Language.PYTHON: f"(block {_DEAD_PYTHON})",
        **in_each(JS_FAMILY, f"(statement_block {_DEAD_JS})"),
    },
)

STRAY_END = Pattern(
    rule="stray-end",
    category=Category.SYNTAX,
    severity=Severity.ERROR,
    message="this `end` closes nothing",
    suggestion="take it out, or open the block that it should close",
    queries={
        Language.RUBY: '(program (identifier) @issue (#eq? @issue "end"))'
    },  # elsewhere it may be a method
)

DEFAULT_AGAINST_ANNOTATION = Pattern(
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
)
"""Ruff's B006 leaves these alone: it trusts the annotation."""

PATTERNS = (LOOSE_EQUALITY, UNREACHABLE, STRAY_END, DEFAULT_AGAINST_ANNOTATION)
