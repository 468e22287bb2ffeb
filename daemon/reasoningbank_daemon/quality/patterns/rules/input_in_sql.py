"""What a request or a user gave becomes part of an SQL statement.

The value is followed through the assignments of its function, into containers that the function filled, and out of
conditions that are plain. What was compared with something fixed, or checked and refused, counts as safe.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.flow.sinks import PythonFlow, sink
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, FlowRule
from reasoningbank_schema.verdicts import Category, Severity

RULE = FlowRule(
    rule="input-in-sql",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside becomes part of an SQL statement",
    suggestion="pass values as query parameters",
    python=PythonFlow(
        kind="input-in-sql",
        sinks=(
            sink(
                r"(?:.*\.)?(?:execute|executemany|executescript|raw|extra|RawSQL|text|read_sql|read_sql_query)",
                0,
                clears=("S608",),
            ),
        ),
        makes_safe=re.compile(r"escape_string|quote_ident|sql\.(?:Literal|Identifier)|mogrify"),
    ),
    lines={
        **dict.fromkeys(
            JS_FAMILY,
            re.compile(
                r"""\b(?:db|conn|connection|client|pool|sequelize|knex|mysql|pg)\w*\.(?:query|execute|raw|all|run|get|exec)\("""
            ),
        ),
        Language.PHP: re.compile(
            r"""\b(?:mysqli?_query\(\s*(?:\$\w+\s*,)?|pg_query\(\s*(?:\$\w+\s*,)?)|->(?:query|exec|multi_query)\("""
        ),
        Language.RUBY: re.compile(
            r"""\.(?:where|find_by_sql|execute|exec_query|order|delete_all|update_all)[ (](?=\s*")"""
        ),
        Language.GO: re.compile(
            r"""\.(?:Query|QueryRow|Exec|Raw)\(|\.(?:Query|QueryRow|Exec)Context\(\w+,"""
        ),
        Language.JAVA: re.compile(
            r"""\.(?:executeQuery|executeUpdate|execute|createQuery|createNativeQuery|prepareStatement)\("""
        ),
        Language.KOTLIN: re.compile(
            r"""\.(?:executeQuery|executeUpdate|createQuery|createNativeQuery|rawQuery)\("""
        ),
        Language.CSHARP: re.compile(
            r"""\bnew SqlCommand\(|\.CommandText\s*=|\b(?:FromSqlRaw|ExecuteSqlRaw)\("""
        ),
    },
    supersedes=("S608", "sql-from-strings", "sql-values-in-text"),
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    db.execute("SELECT a FROM b WHERE c = \'" + name + "\'")\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    query = f"SELECT a FROM b WHERE c = {name}"\n    cursor.execute(query)\n',
        ),
        (
            Language.JAVASCRIPT,
            'function f(req) {\n  const sql = "SELECT a FROM b WHERE c = " + req.params.c;\n  db.query(sql);\n}\n',
        ),
        (Language.PHP, '<?php\n$id = $_GET["id"];\n$db->query("SELECT a FROM b WHERE c = $id");\n'),
        (
            Language.GO,
            'func f(r *http.Request) {\n\tid := r.URL.Query().Get("id")\n\tdb.Query("SELECT a FROM b WHERE c = " + id)\n}\n',
        ),
        (
            Language.CSHARP,
            'void F() {\n  var id = Request.QueryString["id"];\n  var c = new SqlCommand("SELECT a FROM b WHERE c = " + id);\n}\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    db.execute("SELECT a FROM b WHERE c = ?", (name,))\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    db.execute(f"SELECT a FROM b WHERE c = {int(name)}")\n',
        ),
        (
            Language.JAVASCRIPT,
            'function f(req) {\n  db.query("SELECT a FROM b WHERE c = ?", [req.params.c]);\n}\n',
        ),
        (
            Language.GO,
            'func f(r *http.Request) {\n\tid := r.URL.Query().Get("id")\n\tdb.Query("SELECT a FROM b WHERE c = ?", id)\n}\n',
        ),
    ),
)
