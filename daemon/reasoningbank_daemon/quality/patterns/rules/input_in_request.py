"""What a request gave decides which address the server itself calls (SSRF).

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
    rule="input-in-request",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside decides which address is called",
    suggestion="compare the host with those allowed",
    python=PythonFlow(
        kind="input-in-request",
        sinks=(
            sink(
                r"(?:requests|httpx|session|client)\.(?:get|post|put|delete|head|patch)|(?:urllib\.request\.|urllib2\.|urllib\.)?(?:urlopen|urlretrieve)|Request|urllib\.request\.Request",
                0,
                keyword="url",
            ),
        ),
        makes_safe=re.compile(r"quote|urlencode"),
    ),
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return requests.get(name, timeout=3).text\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return requests.get("https://example.org", params={"q": name}, timeout=3).text\n',
        ),
    ),
)
