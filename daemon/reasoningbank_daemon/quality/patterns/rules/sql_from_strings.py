"""An SQL statement is put together from strings.

A value that holds a quote becomes part of the statement. Pass values as parameters. Python's is ruff's S608.
"""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_schema.verdicts import Category, Severity

_SQL = (
    r"^.?\\s*(SELECT\\b.+\\bFROM|INSERT\\s+INTO|UPDATE\\b.+\\bSET|DELETE\\s+FROM"
    r"|select\\b.+\\bfrom\\s+\\S+\\s+where|insert\\s+into|update\\s+\\S+\\s+set|delete\\s+from)\\b"
)
"""Small letters need more of a statement: "select a color from" is also English."""

RULE = Pattern(
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
    fires=(
        (Language.JAVASCRIPT, "db.query('SELECT a FROM b WHERE c = ' + c);"),
        (Language.TYPESCRIPT, "db.query(`DELETE FROM b WHERE c = ${c}`);"),
        (Language.TSX, "db.query('INSERT INTO b VALUES (' + c + ')');"),
        (Language.PHP, '<?php mysqli_query($db, "SELECT a FROM b WHERE c=" . $c);'),
        (Language.PHP, '<?php mysqli_query($db, "SELECT a FROM b WHERE c=$c");'),
        (Language.RUBY, 'db.execute("UPDATE b SET c = #{c}")'),
        (Language.JAVA, 'class A { void f() { s.execute("SELECT a FROM b WHERE c=" + c); } }'),
        (Language.CSHARP, 'class A { void F() { var s = "SELECT a FROM b WHERE c=" + c; } }'),
        (Language.GO, 'package a\nvar q = fmt.Sprintf("SELECT a FROM b WHERE c=%s", c)'),
    ),
    quiet=(
        (
            Language.JAVASCRIPT,
            "say('Select a color from ' + list.length); db.query('SELECT a FROM b WHERE c = ?', [c]);",
        ),
        (Language.JAVA, 'class A { void f() { log("selected " + c); } }'),
    ),
)
