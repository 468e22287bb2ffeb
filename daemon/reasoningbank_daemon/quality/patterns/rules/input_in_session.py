"""What a request gave is put unchecked into the session, where later code takes it for trusted.

The value is followed through the assignments of its function, into containers that the function filled, and out of
conditions that are plain. What was compared with something fixed, or checked and refused, counts as safe.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.flow.sinks import PythonFlow
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import FlowRule
from reasoningbank_schema.verdicts import Category, Severity

RULE = FlowRule(
    rule="input-in-session",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside is put into the session as it is",
    suggestion="check it first",
    python=PythonFlow(
        kind="input-in-session",
        sinks=(),
        stored=re.compile(r"(?:flask\.)?(?:session|mysession|request\.session)\Z"),
    ),
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    session["user"] = name\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    session["user"] = user.id\n',
        ),
    ),
)
