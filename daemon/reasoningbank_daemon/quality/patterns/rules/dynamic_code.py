"""A string is run as code: `eval`, `new Function`, `instance_eval`.

Whoever can write the string runs what they like. Parse the input, or look the wanted function up in a table. Python's are ruff's
S102 and S307.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

RULE = Pattern(
    rule="dynamic-code",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="a string is run as code",
    suggestion="parse the input, or look the wanted function up in a table",
    queries={
        **in_each(
            JS_FAMILY,
            """
            (call_expression function: (identifier) @f arguments: (arguments . (_)) (#eq? @f "eval")) @issue
            (new_expression constructor: (identifier) @f (#eq? @f "Function")) @issue
            """,
        ),
        Language.PHP: """
            ((function_call_expression function: (name) @f) @issue (#any-of? @f "eval" "create_function"))
            """,
        Language.RUBY: """
            (call method: (identifier) @m arguments: (argument_list . [(identifier) (element_reference) (call)
              (instance_variable) (string (interpolation)) (binary)])
              (#any-of? @m "eval" "instance_eval" "class_eval" "module_eval")) @issue
            """,
        Language.BASH: """
            ((command name: (command_name) @c
              argument: [(string (simple_expansion)) (string (expansion)) (simple_expansion) (expansion)]) @issue
              (#eq? @c "eval"))
            """,
    },
    fires=(
        (Language.JAVASCRIPT, "eval(request.body);"),
        (Language.TYPESCRIPT, "const f: any = new Function(source);"),
        (Language.TSX, "const a = <b>{eval(x)}</b>;"),
        (Language.PHP, "<?php eval($_GET['c']);"),
        (Language.RUBY, "eval(params[:code])"),
        (Language.BASH, 'eval "$1"'),
    ),
    quiet=(
        (Language.JAVASCRIPT, "evaluate(x); this.eval;"),
        (Language.RUBY, "instance_eval(&block)\neval('1 + 1')"),
        (Language.BASH, 'eval "x=1"'),
    ),
)
