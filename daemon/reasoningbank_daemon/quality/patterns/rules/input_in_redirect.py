"""What a request gave decides where the browser is sent: an open redirect.

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
    rule="input-in-redirect",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="what comes from outside decides where the browser goes",
    suggestion="redirect to a name that is looked up, or compare the host with those allowed",
    python=PythonFlow(
        kind="input-in-redirect",
        sinks=(
            sink(
                r"(?:flask\.|\w+\.)?redirect|HttpResponseRedirect|HttpResponsePermanentRedirect|RedirectResponse",
                0,
            ),
        ),
        makes_safe=re.compile(r"url_for|reverse|url_has_allowed_host|is_safe_url|resolve_url"),
    ),
    lines={
        **dict.fromkeys(
            JS_FAMILY,
            re.compile(
                r"""\bres(?:ponse)?\.redirect\((?:\d+,)?|\bwindow\.location(?:\.href)?\s*=(?!=)|\blocation\.(?:assign|replace)\("""
            ),
        ),
        Language.PHP: re.compile(r"""\bheader\(\s*(?=[\"\']Location:)"""),
        Language.RUBY: re.compile(r"""\bredirect_to[ (]"""),
        Language.GO: re.compile(r"""\bhttp\.Redirect\(\w+,\s*\w+,|\bc\.Redirect\([^,]*,"""),
        Language.JAVA: re.compile(r"""\bsendRedirect\(|\"redirect:\"\s*\+"""),
        Language.CSHARP: re.compile(r"""\b(?:Response\.)?Redirect\("""),
    },
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return redirect(name)\n',
        ),
        (Language.JAVASCRIPT, "function f(req, res) {\n  res.redirect(req.query.next);\n}\n"),
        (Language.PHP, '<?php header("Location: " . $_GET["to"]);\n'),
        (Language.RUBY, "def f\n  redirect_to params[:next]\nend\n"),
        (
            Language.GO,
            'func f(w http.ResponseWriter, r *http.Request) {\n\thttp.Redirect(w, r, r.FormValue("to"), 302)\n}\n',
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return redirect(url_for(name))\n',
        ),
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    if urlparse(name).netloc != "example.org":\n        return "no"\n    return redirect(name)\n',
        ),
        (Language.JAVASCRIPT, 'function f(req, res) {\n  res.redirect("/home");\n}\n'),
    ),
)
