"""A secret is made with a random generator whose output can be foretold.

Only where a name says that it is for a secret, or bytes are made, which hardly serve anything else. `secrets` in Python,
`crypto` in JavaScript and `SecureRandom` in Java are meant for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_NAMED_SECRET = r"(?i:\w*(?:token|secret|passw|session_?id|nonce|salt|otp|csrf|api_?key|private_?key|reset_?code|pin_?code|cookie)\w*)"  # noqa: S105 - the names of secrets, and none of them
_PATTERNS = {
    Language.PYTHON: re.compile(
        rf"\brandom\.randbytes\(|\b{_NAMED_SECRET}\s*=\s*[^=\n]*(?<!\w)random\.(?:random|randint|randrange|choices?|sample|getrandbits|uniform|shuffle)\("
    ),
    **dict.fromkeys(JS_FAMILY, re.compile(rf"\b{_NAMED_SECRET}['\"]?\s*[:=]\s*[^=;\n]*Math\.random\(\)")),
    Language.JAVA: re.compile(
        rf"\b{_NAMED_SECRET}\s*=\s*[^=;\n]*(?:new Random\(|Math\.random\(|RandomStringUtils\.random)"
    ),
    Language.GO: re.compile(rf"\b{_NAMED_SECRET}\s*:?=\s*[^=\n]*\brand\.(?:Int|Intn|Int63|Float64|Perm)\("),
    Language.PHP: re.compile(rf"\$?{_NAMED_SECRET}\s*=\s*[^=;\n]*\b(?:mt_rand|rand|uniqid|lcg_value)\("),
    Language.CSHARP: re.compile(rf"\b{_NAMED_SECRET}\s*=\s*[^=;\n]*new Random\("),
    Language.RUBY: re.compile(
        rf"\b{_NAMED_SECRET}\s*=\s*[^=\n]*(?<!Secure)(?:\brand\(|Random\.rand|Random\.new)"
    ),
}


_OTHERS = re.compile(
    r"(?<!\w)random\.(?:getrandbits|sample|gauss|normalvariate|expovariate|betavariate|vonmisesvariate)\("
)
"""Ruff's S311 knows the other functions of this module, and weighs them as notes too."""


def _find(document: Document) -> Iterator[Found]:
    if document.language is not None and not is_test_path(document.path) and "and" in document.text:
        known = set()
        for found in search(document, _PATTERNS[document.language]):
            known.add(found.line)
            yield found
        if document.language is Language.PYTHON:
            for found in search(document, _OTHERS):
                if found.line not in known:
                    yield Found(line=found.line, column=found.column, severity=Severity.NOTE)


RULE = TextRule(
    rule="weak-random",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="a secret is made with a random generator whose output can be foretold",
    suggestion="use the operating system's generator: secrets, crypto.randomBytes, SecureRandom",
    find=_find,
    literals=("random", "Random", "rand(", "rand.", "uniqid", "lcg_value"),
    languages=tuple(_PATTERNS),
    fires=(
        (Language.PYTHON, "token = ''.join(random.choices(letters, k=20))\n"),
        (Language.PYTHON, "key = random.randbytes(32)\n"),
        (Language.JAVASCRIPT, "const sessionId = Math.random().toString(36);\n"),
        (Language.PHP, "<?php $resetToken = md5(mt_rand());\n"),
        (Language.GO, "token := rand.Intn(1000000)\n"),
    ),
    quiet=(
        (Language.PYTHON, "token = secrets.token_hex(16)\ndelay = random.random()\n"),
        (Language.JAVASCRIPT, "const x = Math.random() * width;\n"),
    ),
)
