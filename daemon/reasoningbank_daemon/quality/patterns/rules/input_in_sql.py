"""What a request or a user gave becomes part of an SQL statement.

The value is followed through the assignments of its function, into containers that the function filled, and out of
conditions that are plain. What was compared with something fixed, or checked and refused, counts as safe.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.flow.sinks import PythonFlow, sink
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import FlowRule
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
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    db.execute("SELECT a FROM b WHERE c = \'" + name + "\'")\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    query = f"SELECT a FROM b WHERE c = {name}"\n    cursor.execute(query)\n',
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
    ),
)
