"""What a request gave is sent back as HTML, where it may be a script.

The value is followed through the assignments of its function, into containers that the function filled, and out of
conditions that are plain. What was compared with something fixed, or checked and refused, counts as safe. What a handler of
Flask's kind returns is HTML; frameworks that send JSON, and functions that are no handlers, are left alone.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.flow.sinks import PythonFlow, sink
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, FlowRule
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
    lines={
        **dict.fromkeys(
            JS_FAMILY,
            re.compile(
                r"""\.(?:inner|outer)HTML\s*\+?=(?!=)|\bdocument\.write(?:ln)?\(|\bres(?:ponse)?\.(?:send|write|end)\((?=\s*(?:[\"\'`]|\w+\s*\+))|\binsertAdjacentHTML\([^,]*,|__html:"""
            ),
        ),
        Language.PHP: re.compile(r"""\b(?:echo|print)[ (]|<\?="""),
        Language.RUBY: re.compile(r"""\braw[ (]|\brender (?:html|inline|text):"""),
        Language.GO: re.compile(r"""\bfmt\.Fprint(?:f|ln)?\(w,|\bw\.Write\(|\btemplate\.HTML\("""),
        Language.JAVA: re.compile(r"""getWriter\(\)\.(?:print|println|write|append|format)\("""),
        Language.CSHARP: re.compile(r"""\bResponse\.Write\(|\bHtml\.Raw\("""),
    },
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return f"<p>{name}</p>"\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return make_response("Hello " + name)\n',
        ),
        (
            Language.JAVASCRIPT,
            'function f() {\n  const q = location.hash;\n  box.innerHTML = "<b>" + q;\n}\n',
        ),
        (Language.PHP, '<?php echo "Hello " . $_GET["name"];\n'),
        (
            Language.GO,
            'func f(w http.ResponseWriter, r *http.Request) {\n\tname := r.FormValue("name")\n\tfmt.Fprintf(w, "<b>" + name)\n}\n',
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
        (
            Language.PYTHON,
            'from fastapi import FastAPI\n\n@app.get("/")\nasync def view(name: str):\n    return name\n',
        ),
        (
            Language.PYTHON,
            "async def get_later(request):\n    return await sync_to_async(find)(request.GET)\n",
        ),
        (Language.PYTHON, '@app.route("/<int:a>")\ndef view(a: int):\n    return f"<p>{a}</p>"\n'),
        (Language.PHP, '<?php echo htmlspecialchars($_GET["name"]);\n'),
        (Language.JAVASCRIPT, "function f() {\n  box.textContent = location.hash;\n}\n"),
    ),
)
