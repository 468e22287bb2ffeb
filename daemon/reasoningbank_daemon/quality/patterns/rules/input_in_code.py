"""What a request or a user gave is run as Python.

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
    rule="input-in-code",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside is run as code",
    suggestion="parse the input, or look the wanted function up in a table",
    python=PythonFlow(
        kind="input-in-code",
        sinks=(sink(r"eval|exec|compile|(?:code\.)?interact|__import__", 0, clears=("S307", "S102")),),
        makes_safe=re.compile(r"literal_eval"),
    ),
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return str(eval(name))\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return ast.literal_eval(name)\n',
        ),
        (Language.PYTHON, 'formula = "1 + 1"\neval(formula)\n'),
    ),
)
