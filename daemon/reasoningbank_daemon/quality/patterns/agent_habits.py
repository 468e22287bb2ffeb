"""What coding agents leave behind: elided code, stubs, tests that no longer test, breakpoints, silence."""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

_WHOLE = r"(code|implementation|function|method|class|file|logic|body|module|component|script|tests?|methods|fields)"
_ELISION = "|".join(
    (
        rf"(\\.\\.\\.|…)\\W*((the )?(rest|remaining|remainder|existing|previous|other|same|unchanged|omitted)\\b|{_WHOLE}\\W*$)",
        rf"\\b(rest|remainder) of (the |this |your )?(\\w+ )?{_WHOLE}\\b( (is|are|remains?|stays?|goes|unchanged|here|as|same|omitted)\\b|\\W*$)",
        rf"\\b(existing|previous|original|remaining|other) {_WHOLE} (here|goes|remains?|stays?|unchanged|omitted)\\b",
        rf"\\b{_WHOLE} (remains?|stays?|is|are) (the same|unchanged|as (is|before))\\W*$",
        r"\\bomitted for (brevity|clarity)\\b",
        rf"^\\W*(add |put |insert )?(your |actual |real )?{_WHOLE} (goes )?here\\W*$",
        r"\\btodo\\W+(actually )?implement (the |this |me|it|later|rest|remaining|actual|properly)",
    )
)

_COMMENTS = {
    Language.PYTHON: "(comment)",
    Language.RUBY: "(comment)",
    Language.BASH: "(comment)",
    Language.PHP: "(comment)",
    Language.GO: "(comment)",
    Language.C: "(comment)",
    Language.CPP: "(comment)",
    Language.CSHARP: "(comment)",
    Language.RUST: "[(line_comment) (block_comment)]",
    Language.JAVA: "[(line_comment) (block_comment)]",
    Language.KOTLIN: "[(line_comment) (block_comment)]",
    **in_each(JS_FAMILY, "(comment)"),
}

ELIDED_CODE = Pattern(
    rule="elided-code",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="a comment stands here in place of code",
    suggestion="write the code out",
    queries={
        language: f'({comment} @issue (#match? @issue "(?i){_ELISION}"))'
        for language, comment in _COMMENTS.items()
    },
)

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

STUBBED_BODY = Pattern(
    rule="stubbed-body",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="the body of this function was replaced by a stub",
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
)

EMPTY_ASSERTION = Pattern(
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
)

SKIPPED_TEST = Pattern(
    rule="skipped-test",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="a test that ran before is skipped",
    suggestion="let it run; if it fails, say so",
    queries={
        Language.PYTHON: """
            (decorated_definition (decorator) @issue
              definition: (_ name: (identifier) @stood)
              (#match? @issue "^@(pytest\\\\.mark|unittest)\\\\.skip(\\\\(|\\\\s*$)"))
            """,
        Language.JAVA: """
            (method_declaration (modifiers (_ name: (identifier) @a) @issue) name: (identifier) @stood
              (#any-of? @a "Disabled" "Ignore"))
            """,
        Language.RUST: """
            ((attribute_item (attribute (identifier) @a)) @issue . (attribute_item)* .
              (function_item name: (identifier) @stood) (#eq? @a "ignore"))
            """,
        **in_each(
            JS_FAMILY,
            """
            (call_expression function: (member_expression object: (identifier) @o
              property: (property_identifier) @p)
              (#any-of? @o "it" "test" "describe") (#any-of? @p "skip" "only")) @issue
            (call_expression function: (identifier) @f arguments: (arguments . (string))
              (#any-of? @f "xit" "xdescribe" "xtest" "fit" "fdescribe")) @issue
            """,
        ),
    },
)

BREAKPOINT_LEFT = Pattern(
    rule="breakpoint-left",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="a breakpoint is left in the code",
    suggestion="take it out",
    queries={
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
)

_EXPECTED = "^(expected|ignored?|_.*)$"
"""By custom, so named where a test wants the exception, or its author knew that it does not matter."""

SWALLOWED_ERROR = Pattern(
    rule="swallowed-error",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="an error is caught here and forgotten",
    suggestion="handle or log it, or say in a comment why it does not matter",
    queries={
        **in_each(JS_FAMILY, '(catch_clause body: (statement_block . "{" . "}" .)) @issue'),
        Language.JAVA: f"""
            (catch_clause (catch_formal_parameter name: (identifier) @v) body: (block . "{{" . "}}" .)
              (#not-match? @v "{_EXPECTED}")) @issue
            """,
        Language.CSHARP: '(catch_clause body: (block . "{" . "}" .)) @issue',
        Language.KOTLIN: f"""
            (catch_block (identifier) @v (block . "{{" . "}}" .) (#not-match? @v "{_EXPECTED}")) @issue
            """,
        Language.PHP: '(catch_clause body: (compound_statement . "{" . "}" .)) @issue',
        Language.CPP: '(catch_clause body: (compound_statement . "{" . "}" .)) @issue',
        Language.GO: """
            (if_statement condition: (binary_expression left: (identifier) @e right: (nil))
              consequence: (block . "{" . "}" .) (#eq? @e "err")) @issue
            """,
    },
)

PATTERNS = (
    ELIDED_CODE,
    STUBBED_BODY,
    EMPTY_ASSERTION,
    SKIPPED_TEST,
    BREAKPOINT_LEFT,
    SWALLOWED_ERROR,
)
