"""What a request gave decides which address the server itself calls (SSRF).

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
    lines={
        **dict.fromkeys(
            JS_FAMILY,
            re.compile(r"\b(?:axios|fetch|got|needle|superagent)(?:\.\w+)?\(|\bhttps?\.(?:get|request)\("),
        ),
        Language.PHP: re.compile(r"\bcurl_init\(|\bCURLOPT_URL\s*,"),
        Language.RUBY: re.compile(
            r"\b(?:Net::HTTP\.(?:get|get_response|post)|URI\.open|HTTParty\.\w+|RestClient\.\w+|Faraday\.get)[ (]"
        ),
        Language.GO: re.compile(r"\bhttp\.(?:Get|Post|Head|PostForm)\("),
        Language.JAVA: re.compile(r"\bnew URL\(|\bURI\.create\("),
    },
    fires=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return requests.get(name, timeout=3).text\n',
        ),
        (Language.JAVASCRIPT, "async function f(req) {\n  return axios.get(req.query.url);\n}\n"),
        (Language.GO, 'func f(r *http.Request) {\n\turl := r.FormValue("url")\n\thttp.Get(url)\n}\n'),
    ),
    quiet=(
        (
            Language.PYTHON,
            '@app.route("/")\ndef view():\n    name = request.args.get("name")\n    return requests.get("https://example.org", params={"q": name}, timeout=3).text\n',
        ),
        (
            Language.JAVASCRIPT,
            'async function f(req) {\n  return axios.get("https://example.org", { params: { q: req.query.q } });\n}\n',
        ),
    ),
)
