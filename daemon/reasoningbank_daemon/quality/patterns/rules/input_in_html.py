"""What a request gave is sent back as HTML, where it may be a script.

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
    rule="input-in-html",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside becomes HTML as it is",
    suggestion="escape it, or render a template that does",
    python=PythonFlow(
        kind="input-in-html",
        sinks=(
            sink(
                r"(?:flask\.)?(?:Markup|make_response)|mark_safe|HttpResponse|Response|HTMLResponse|format_html_join|(?:self|resp\w*)\.write",
                0,
            ),
        ),
        makes_safe=re.compile(
            r"escape|bleach|sanitize|clean|jsonify|json\.dumps|render|url_for|quote|urlencode|redirect"
        ),
        returned=True,
    ),
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return f"<p>{name}</p>"\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return make_response("Hello " + name)\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return f"<p>{escape(name)}</p>"\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return render_template("a.html", name=name)\n',
        ),
    ),
)
