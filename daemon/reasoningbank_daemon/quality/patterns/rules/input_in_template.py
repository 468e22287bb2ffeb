"""What a request or a user gave becomes a template, which can call Python.

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
    rule="input-in-template",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside becomes a template",
    suggestion="keep the template fixed, and pass the value as a variable",
    python=PythonFlow(
        kind="input-in-template",
        sinks=(
            sink(
                r"(?:flask\.)?render_template_string|(?:\w+\.)*from_string|(?:jinja2\.|mako\.template\.)?Template",
                0,
            ),
        ),
    ),
    lines={
        **dict.fromkeys(
            JS_FAMILY,
            re.compile(
                r"\b(?:ejs|pug|[hH]andlebars|nunjucks|_|lodash|Mustache|doT)\.(?:render|compile|template|renderString)\("
            ),
        ),
        Language.RUBY: re.compile(r"\bERB\.new[ (]|\brender inline:"),
        Language.JAVA: re.compile(r"\bVelocity\.evaluate\([^,]*,[^,]*,[^,]*,|\bnew Template\([^,]*,"),
        Language.PHP: re.compile(r"->createTemplate\("),
    },
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return render_template_string("<b>" + name)\n',
        ),
        (Language.JAVASCRIPT, 'function f(req) {\n  return ejs.render("<b>" + req.query.name);\n}\n'),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return render_template_string("<b>{{ name }}", name=name)\n',
        ),
        (
            Language.JAVASCRIPT,
            'function f(req) {\n  return ejs.render("<b><%= name %>", { name: req.query.name });\n}\n',
        ),
    ),
)
