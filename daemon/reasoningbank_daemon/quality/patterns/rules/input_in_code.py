"""What a request or a user gave is run as Python.

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
    lines={
        **dict.fromkeys(JS_FAMILY, re.compile(r"\beval\(|\bnew Function\(|\bvm\.run\w*\(")),
        Language.PHP: re.compile(r"\b(?:eval|assert|create_function)\("),
        Language.RUBY: re.compile(r"\b(?:eval|instance_eval|class_eval|module_eval)[ (]"),
    },
    supersedes=("S102", "S307", "dynamic-code"),
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return str(eval(name))\n',
        ),
        (Language.JAVASCRIPT, "function f(req) {\n  const code = req.body.code;\n  return eval(code);\n}\n"),
        (Language.PHP, '<?php\n$c = $_POST["c"];\neval($c);\n'),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return ast.literal_eval(name)\n',
        ),
        (Language.PYTHON, 'formula = "1 + 1"\neval(formula)\n'),
        (Language.JAVASCRIPT, "function f(req) {\n  return JSON.parse(req.body.code);\n}\n"),
    ),
)
