"""The body of a function that stood there was replaced by a stub.

A stub under a new function is a beginning, and a note. Under a function that did something before the edit it is a loss:
`pass`, `...`, a bare `return None`, `raise NotImplementedError`, `todo!()`, `TODO()`, an error that says "not implemented".
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_daemon.quality.patterns.python_signs import may_stub
from reasoningbank_schema.verdicts import Category, Severity

_NOTHING_IN_PYTHON = '[(pass_statement) (expression_statement (ellipsis)) (return_statement . "return" .) (return_statement (none))]'

_NOT_IMPLEMENTED = "[(raise_statement (identifier) @e) (raise_statement (call function: (identifier) @e))]"

_STUBS_IN_PYTHON = "\n".join(
    "(function_definition name: (identifier) @stood body:"
    f" (block . [(comment) (expression_statement (string))]* . {statement} @issue {end}) {condition})"
    for statement, condition in (
        (_NOTHING_IN_PYTHON, ""),
        (_NOT_IMPLEMENTED, '(#eq? @e "NotImplementedError")'),
    )
    for end in (".", ". (comment) .")  # an optional comment here makes the query miss some calls
)

RULE = Pattern(
    rule="stubbed-body",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="the body of this function is a stub",
    suggestion="bring the body back, or take the function out",
    queries={
        Language.PYTHON: _STUBS_IN_PYTHON,
        Language.RUST: """
            (function_item name: (identifier) @stood body: (block . [
              (expression_statement (macro_invocation macro: (identifier) @m))
              (macro_invocation macro: (identifier) @m)] @issue .) (#any-of? @m "todo" "unimplemented"))
            """,
        Language.KOTLIN: """
            (function_declaration (identifier) @stood (function_body (block . (call_expression (identifier) @f) @issue
              .)) (#eq? @f "TODO"))
            """,
        **in_each(
            JS_FAMILY,
            """
            (function_declaration name: (identifier) @stood body: (statement_block . (throw_statement
              (new_expression arguments: (arguments (string) @s))) @issue .) (#match? @s "(?i)not (yet )?implemented"))
            (method_definition name: (property_identifier) @stood body: (statement_block . (throw_statement
              (new_expression arguments: (arguments (string) @s))) @issue .) (#match? @s "(?i)not (yet )?implemented"))
            """,
        ),
    },
    python_sign=may_stub,
    fires=(
        (Language.PYTHON, "def f(x):\n    pass\n"),
        (Language.PYTHON, 'def f(x):\n    """Say what."""\n    # later\n    ...\n'),
        (Language.PYTHON, "def f(x):\n    raise NotImplementedError('later')\n"),
        (Language.PYTHON, "def f(x):\n    return None  # TODO\n"),
        (Language.RUST, "fn f() -> u8 { todo!() }"),
        (Language.KOTLIN, 'fun f() { TODO("later") }'),
        (Language.JAVASCRIPT, "function f() { throw new Error('not implemented'); }"),
        (Language.TYPESCRIPT, "class A { f() { throw new Error('Not yet implemented'); } }"),
        (Language.TSX, "function f() { throw new Error('Not implemented'); }"),
    ),
    quiet=((Language.PYTHON, "def f(x):\n    return 1\ndef g(x):\n    log()\n    pass\n"),),
)
