"""A shell command is put together from strings.

A value that holds `;` or `$(…)` becomes a command of its own. Start the program with a list of arguments and no shell. Python's are
ruff's S602 to S605.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import C_FAMILY, JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

_JS_BUILT_STRING = (
    '[(binary_expression "+") (template_string (template_substitution))'
    ' (call_expression function: (member_expression property: (property_identifier) @join (#eq? @join "concat")))]'
)

RULE = Pattern(
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
    fires=(
        (Language.JAVASCRIPT, "require('child_process').exec('ls ' + path);"),
        (Language.TYPESCRIPT, "execSync(`ls ${path}`);"),
        (Language.TSX, "exec('ls '.concat(path));"),
        (Language.PHP, '<?php shell_exec("ls $path");'),
        (Language.RUBY, 'system("ls #{path}")'),
        (Language.RUBY, "`ls #{path}`"),
        (Language.GO, 'package a\nfunc f() { exec.Command("sh", "-c", "ls "+path) }'),
        (Language.JAVA, 'class A { void f() { Runtime.getRuntime().exec("ls " + path); } }'),
        (Language.C, "void f(char *s) { system(s); }"),
        (Language.CPP, "void f(char *s) { popen(s, mode); }"),
    ),
    quiet=(
        (Language.JAVASCRIPT, "exec('ls'); regex.exec(text);"),
        (Language.PHP, "<?php system('ls');"),
        (Language.RUBY, 'system("ls", path)'),
        (Language.C, 'void f() { system("ls"); }'),
    ),
)
