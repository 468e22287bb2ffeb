"""A debugger's breakpoint or dump is left in the code: `debugger`, `binding.pry`, `var_dump`.

Most of Python's are ruff's T100.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

RULE = Pattern(
    rule="breakpoint-left",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="a breakpoint is left in the code",
    suggestion="take it out",
    queries={
        Language.PYTHON: """
            (call function: (attribute object: (call function: (identifier) @i arguments: (argument_list (string) @s))
              attribute: (identifier) @a) @issue
              (#eq? @i "__import__") (#match? @s "^.(i?pdb|pudb|wdb|ipdb)") (#any-of? @a "set_trace" "post_mortem"))
            """,
        **in_each(JS_FAMILY, "(debugger_statement) @issue"),
        Language.RUBY: """
            ((identifier) @issue (#any-of? @issue "byebug" "debugger"))
            (call receiver: (identifier) @r method: (identifier) @m (#eq? @r "binding")
              (#any-of? @m "pry" "irb")) @issue
            """,
        Language.PHP: """
            (function_call_expression function: (name) @f (#any-of? @f "var_dump" "xdebug_break" "dd")) @issue
            """,
    },
    python_sign=lambda code: (
        "__import__" in code.text and ("set_trace" in code.text or "post_mortem" in code.text)
    ),
    fires=(
        (Language.PYTHON, "__import__('pdb').set_trace()\n"),
        (Language.JAVASCRIPT, "function f() { debugger; }"),
        (Language.TYPESCRIPT, "debugger;"),
        (Language.TSX, "debugger;"),
        (Language.RUBY, "binding.pry"),
        (Language.RUBY, "byebug"),
        (Language.PHP, "<?php var_dump($x);"),
    ),
    quiet=(
        (Language.PYTHON, "__import__(name).set_trace()\n"),
        (Language.RUBY, "object.debugger_port"),
    ),
)
