"""What a request or a user gave becomes part of an XPath or LDAP query.

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
    rule="input-in-query",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside becomes part of a query",
    suggestion="escape it for that language, or pass it as a variable",
    python=PythonFlow(
        kind="input-in-query",
        sinks=(
            sink(
                r"(?:.*\.)?(?:xpath|XPath)|elementpath\.select|(?:\w+\.)?(?:search_s|search_ext_s|search_ext|search_st)",
                -1,
            ),
            sink(r"(?:\w*(?:conn|ldap|connection)\w*)\.search", -1),
            sink(r"(?:\w*(?:root|tree|doc|xml)\w*)\.(?:find|findall|iterfind|findtext)", 0),
        ),
        makes_safe=re.compile(r"escape|quoteattr|replace\Z"),
    ),
    lines={
        **dict.fromkeys(JS_FAMILY, re.compile(r"\bxpath\.select1?\(")),
        Language.JAVA: re.compile(r"\b\w*[cC]te?x\w*\.search\([^,]*,|\b[xX]?[pP]ath\.(?:evaluate|compile)\("),
        Language.PHP: re.compile(r"\bldap_search\([^,]*,[^,]*,|->xpath\("),
        Language.CSHARP: re.compile(r"\.(?:SelectNodes|SelectSingleNode)\(|\.Filter\s*="),
    },
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    root.xpath("/a[@b=\'" + name + "\']")\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    connection.search("dc=x", f"(uid={name})")\n',
        ),
        (Language.PHP, '<?php\n$u = $_GET["u"];\n$x->xpath("/a[@b=\'$u\']");\n'),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    root.xpath("/a[@b=$name]", name="x")\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    connection.search("dc=x", f"(uid={escape_filter_chars(name)})")\n',
        ),
        (Language.PHP, '<?php $x->xpath("/a[@b=1]");\n'),
    ),
)
