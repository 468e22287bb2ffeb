"""Strings that reach an interpreter, unbounded copies, checks that are switched off."""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import C_FAMILY, JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

_JS_BUILT_STRING = (
    '[(binary_expression "+") (template_string (template_substitution))'
    ' (call_expression function: (member_expression property: (property_identifier) @join (#eq? @join "concat")))]'
)

DYNAMIC_CODE = Pattern(
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
)

SHELL_FROM_STRINGS = Pattern(
    rule="shell-from-strings",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="a shell command is put together from strings",
    suggestion="start the program with a list of arguments and no shell",
    queries={
        **in_each(
            JS_FAMILY,
            f"""
            (call_expression
              function: [(identifier) @f (member_expression property: (property_identifier) @f)]
              arguments: (arguments . {_JS_BUILT_STRING})
              (#any-of? @f "exec" "execSync")) @issue
            """,
        ),
        Language.PHP: """
            ((function_call_expression function: (name) @f
              arguments: (arguments (argument [(binary_expression) (variable_name) (subscript_expression)
                (encapsed_string [(variable_name) (subscript_expression) (member_access_expression)])]))) @issue
              (#any-of? @f "exec" "system" "shell_exec" "passthru" "popen" "proc_open"))
            """,
        Language.RUBY: """
            (call !receiver method: (identifier) @m arguments: (argument_list . (string (interpolation)) .)
              (#any-of? @m "system" "exec" "spawn")) @issue
            (subshell (interpolation)) @issue
            """,
        Language.GO: """
            (call_expression
              function: (selector_expression operand: (identifier) @p field: (field_identifier) @f)
              arguments: (argument_list (binary_expression))
              (#eq? @p "exec") (#any-of? @f "Command" "CommandContext")) @issue
            """,
        Language.JAVA: """
            (method_invocation object: (method_invocation name: (identifier) @r)
              name: (identifier) @m arguments: (argument_list . (binary_expression "+"))
              (#eq? @m "exec") (#eq? @r "getRuntime")) @issue
            """,
        **in_each(
            C_FAMILY,
            """
            (call_expression function: (identifier) @f arguments: (argument_list . (identifier))
              (#any-of? @f "system" "popen")) @issue
            """,
        ),
    },
)

_SQL = (
    r"^.?\\s*(SELECT\\b.+\\bFROM|INSERT\\s+INTO|UPDATE\\b.+\\bSET|DELETE\\s+FROM"
    r"|select\\b.+\\bfrom\\s+\\S+\\s+where|insert\\s+into|update\\s+\\S+\\s+set|delete\\s+from)\\b"
)
"""Small letters need more of a statement: "select a color from" is also English."""

SQL_FROM_STRINGS = Pattern(
    rule="sql-from-strings",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="an SQL statement is put together from strings",
    suggestion="pass the values as parameters of a prepared statement",
    queries={
        **in_each(
            JS_FAMILY,
            f"""
            ((binary_expression left: (string) @s "+") @issue (#match? @s "{_SQL}"))
            ((template_string (template_substitution)) @issue (#match? @issue "{_SQL}"))
            """,
        ),
        Language.PHP: f"""
            ((binary_expression left: [(string) (encapsed_string)] @s "." right: (_)) @issue (#match? @s "{_SQL}"))
            ((encapsed_string [(variable_name) (subscript_expression)]) @issue (#match? @issue "{_SQL}"))
            """,
        Language.RUBY: f"""
            ((string (interpolation)) @issue (#match? @issue "{_SQL}"))
            """,
        Language.JAVA: f"""
            ((binary_expression left: (string_literal) @s "+") @issue (#match? @s "{_SQL}"))
            """,
        Language.CSHARP: f"""
            ((binary_expression left: (string_literal) @s "+") @issue (#match? @s "{_SQL}"))
            """,
        Language.GO: f"""
            ((binary_expression left: (interpreted_string_literal) @s "+") @issue (#match? @s "{_SQL}"))
            ((call_expression function: (selector_expression field: (field_identifier) @f)
              arguments: (argument_list . (interpreted_string_literal) @s)) @issue
              (#eq? @f "Sprintf") (#match? @s "{_SQL}"))
            """,
    },
)

UNBOUNDED_COPY = Pattern(
    rule="unbounded-copy",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="this call writes without a bound",
    suggestion="use a variant that takes the size of the target (fgets, snprintf, strlcpy)",
    queries=in_each(
        C_FAMILY,
        """
        (call_expression function: (identifier) @f
          (#any-of? @f "gets" "strcpy" "strcat" "sprintf" "vsprintf")) @issue
        """,
    ),
)

CERTIFICATE_CHECK_OFF = Pattern(
    rule="certificate-check-off",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="the check of the server's certificate is switched off",
    suggestion="leave the check on, and trust the wanted certificate authority",
    queries={
        **in_each(
            JS_FAMILY,
            """
            (pair key: (property_identifier) @k value: (false) (#eq? @k "rejectUnauthorized")) @issue
            """,
        ),
        Language.GO: """
            (keyed_element (literal_element (identifier) @k) (literal_element (true))
              (#eq? @k "InsecureSkipVerify")) @issue
            """,
        Language.RUBY: """
            ((scope_resolution name: (constant) @c) @issue (#eq? @c "VERIFY_NONE"))
            """,
    },
)

PATTERNS = (DYNAMIC_CODE, SHELL_FROM_STRINGS, SQL_FROM_STRINGS, UNBOUNDED_COPY, CERTIFICATE_CHECK_OFF)
