"""A cookie is set so that scripts can read it, or that it travels unencrypted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_PYTHON = re.compile(
    r"\bset_cookie\((?:[^()]|\([^()]*\))*?\b(?:secure|httponly)\s*=\s*False"
    r"|\b(?:SESSION|CSRF)_COOKIE_(?:SECURE|HTTPONLY)['\"]?\]?\s*=\s*False"
)
_JS = re.compile(r"\bcookie(?:\(|['\"]?\s*:)(?:[^()]|\([^()]*\)){0,300}?\b(?:secure|httpOnly)\s*:\s*false")
_JAVA = re.compile(r"\.set(?:Secure|HttpOnly)\(\s*false\s*\)")
_PATTERNS = {
    Language.PYTHON: _PYTHON,
    **dict.fromkeys(JS_FAMILY, _JS),
    Language.JAVA: _JAVA,
    Language.KOTLIN: re.compile(r"\b(?:secure|isHttpOnly|httpOnly)\s*=\s*false\b"),
    Language.GO: re.compile(r"\b(?:Secure|HttpOnly):\s*false\b"),
    Language.CSHARP: re.compile(r"\b(?:Secure|HttpOnly)\s*=\s*false\b"),
    Language.PHP: re.compile(
        r"['\"](?:session\.)?cookie_(?:secure|httponly)['\"]\s*(?:,|=>)\s*['\"]?(?:0|false|off)",
        re.IGNORECASE,
    ),
}


def _find(document: Document) -> Iterator[Found]:
    if document.language is not None and not is_test_path(document.path) and "ookie" in document.text:
        yield from search(document, _PATTERNS[document.language])


RULE = TextRule(
    rule="insecure-cookie",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="this cookie can be read by scripts, or travels unencrypted",
    suggestion="set it secure and HTTP-only",
    find=_find,
    python_literals=("set_cookie", "_COOKIE_"),
    literals=("ookie", "COOKIE"),
    languages=tuple(_PATTERNS),
    fires=(
        (Language.PYTHON, 'response.set_cookie("a", value, secure=False)\n'),
        (Language.JAVASCRIPT, "res.cookie('a', v, { httpOnly: false });\n"),
        (Language.JAVA, "Cookie cookie = new Cookie(a, b);\ncookie.setSecure(false);\n"),
        (Language.GO, "http.SetCookie(w, &http.Cookie{Name: a, HttpOnly: false})\n"),
    ),
    quiet=((Language.PYTHON, 'response.set_cookie("a", value, secure=True, httponly=True)\n'),),
)
