"""A secret is made with a random generator whose output can be foretold.

Only where a name says that it is for a secret, or bytes are made, which hardly serve anything else. `secrets` in Python,
`crypto` in JavaScript and `SecureRandom` in Java are meant for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import search_at
from reasoningbank_daemon.quality.patterns.pattern import FEW_LINES, JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_FOR_A_SECRET = re.compile(
    r"(?i:token|secret|passw|session_?id|nonce|salt|otp|csrf|api_?key|private_?key|reset_?code|pin_?code|cookie)\w*['\"]?\s*(?::\s*\w+\s*)?:?[=:]"
)
"""What stands before the call in its line: the name of a secret, and an assignment."""
_CALLS: dict[Language, tuple[tuple[str, ...], re.Pattern[str]]] = {
    Language.PYTHON: (
        ("random.",),
        re.compile(
            r"(?<!\w)random\.(?:random|randint|randrange|choices?|sample|getrandbits|uniform|shuffle)\("
        ),
    ),
    **dict.fromkeys(JS_FAMILY, (("Math.random(",), re.compile(r"(?<!\w)Math\.random\("))),
    Language.JAVA: (
        ("new Random(", "Math.random(", "RandomStringUtils.random"),
        re.compile(r"(?<!\w)(?:new Random|Math\.random|RandomStringUtils)\b"),
    ),
    Language.GO: (("rand.",), re.compile(r"(?<!\w)rand\.(?:Int|Intn|Int63|Float64|Perm)\(")),
    Language.PHP: (
        ("rand(", "mt_rand(", "uniqid(", "lcg_value("),
        re.compile(r"(?<!\w)(?:mt_rand|rand|uniqid|lcg_value)\("),
    ),
    Language.CSHARP: (("new Random(",), re.compile(r"new Random\(")),
    Language.RUBY: (("rand(", "Random."), re.compile(r"(?<!\w)(?:rand\(|Random\.(?:rand|new))")),
}
_BYTES = re.compile(r"(?<!\w)random\.randbytes\(")
_OTHERS = re.compile(
    r"(?<!\w)random\.(?:getrandbits|sample|gauss|normalvariate|expovariate|betavariate|vonmisesvariate)\("
)
"""Ruff's S311 knows the other functions of this module, and weighs them as notes too."""


def _find(document: Document) -> Iterator[Found]:
    if document.language is None or is_test_path(document.path):
        return
    words, call = _CALLS[document.language]
    lines = document.text.split("\n")
    known = set()
    for found in search_at(document, words, call):
        if found.line not in known and _FOR_A_SECRET.search(lines[found.line - 1][: found.column - 1]):
            known.add(found.line)
            yield found
    if document.language is not Language.PYTHON:
        return
    yield from search_at(document, words, _BYTES)
    for found in search_at(document, words, _OTHERS):
        if found.line not in known:
            yield Found(line=found.line, column=found.column, severity=Severity.NOTE)


RULE = TextRule(
    rule="weak-random",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="a secret is made with a random generator whose output can be foretold",
    suggestion="use the operating system's generator: secrets, crypto.randomBytes, SecureRandom",
    find=_find,
    reach_lines=FEW_LINES,
    python_literals=("random.",),
    literals=("random", "Random", "rand(", "rand.", "uniqid", "lcg_value"),
    languages=tuple(_CALLS),
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
