r"""A secret is written into the file: a key of a well-known form, or a random value under a name that says so.

A value counts as random from 3.3 bits a character on, with letters and digits mixed; words, placeholders, hashes of test
data and references to the environment are not. A shorter one counts as a password where it mixes small and capital letters, digits
and signs. In tests only the well-known forms count.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import place
from reasoningbank_daemon.quality.patterns.pattern import FEW_LINES, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_FORMS = (
    ("an AWS access key", ("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    (
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})\b"),
    ),
    ("a Slack token", ("xox",), re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}")),
    ("a Stripe key", ("_live_",), re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20,}")),
    ("a Google API key", ("AIza",), re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
    ("an Anthropic API key", ("sk-ant-",), re.compile(r"\bsk-ant-[A-Za-z0-9_-]{24,}")),
    (
        "an OpenAI API key",
        ("sk-proj-", "sk-svcacct-"),
        re.compile(r"\bsk-(?:proj-|svcacct-)[A-Za-z0-9_-]{40,}"),
    ),
    ("a GitLab token", ("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("an npm token", ("npm_",), re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a SendGrid key", ("SG.",), re.compile(r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b")),
    (
        "a private key",
        ("PRIVATE KEY",),
        re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*\\?n?[A-Za-z0-9+/]{16}"),
    ),
)
_EXAMPLE = re.compile(r"EXAMPLE|XXXX|0000000|1234567", re.IGNORECASE)
"""Made-up keys of documentation and tests say so."""

_NAMED = re.compile(r"\w{0,20}[\"'\]]?\s*(?::\s*\w+\s*)?(?::=|=>|=|:)\s*[\"']([^\"'\s$<>{}()%]{16,200})[\"']")
"""What follows a name: the name's end, an assignment, and a value between quotes."""
_PASSWORD = re.compile(r"\w{0,20}(?P<key>[\"'])?\]?\s*(?::=|=>|=|:)\s*[\"']([^\"'\s$<>{}()%]{8,15})[\"']")
_PASSWORD_NAMES = ("passw", "pwd", "secret")
_NAMES = ("apikey", "api_key", "secret", "passw", "token", "privatekey", "private_key", "credential")
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|change.?me|placeholder|your|test|xxx|\*\*\*|^[a-z]+(?:[-_./][a-z]+)*$|://"
)
_LEAST_BITS = 3.3


def _find(document: Document) -> Iterator[Found]:
    text = document.text
    known: set[int] = set()
    for what, literals, form in _FORMS:
        if not any(literal in text for literal in literals):
            continue
        for match in form.finditer(text):
            if not _EXAMPLE.search(match[0]):
                found = place(text, match.start())
                known.add(found.line)
                yield Found(line=found.line, column=found.column, message=f"{what} is written into the file")
    if document.language is None or is_test_path(document.path):
        return
    lowered = document.in_small_letters
    if len(lowered) != len(text):
        return  # a place in the one is another in the other
    for position in (*_values(text, lowered), *_passwords(text, lowered, document.language)):
        found = place(text, position)
        if found.line not in known:
            known.add(found.line)
            yield Found(line=found.line, column=found.column, severity=Severity.WARNING)


def _values(text: str, lowered: str) -> Iterator[int]:
    """Yield where a random value stands behind a name that says what it is."""
    for name in _NAMES:
        position = lowered.find(name)
        while position >= 0:
            match = _NAMED.match(text, position + len(name))
            if match is not None and _is_random(match[1]):
                yield match.start(1)
            position = lowered.find(name, position + len(name))


def _passwords(text: str, lowered: str, language: Language | None) -> Iterator[int]:
    """Yield where a password stands behind a name that says so; those that Python assigns to a name are ruff's S105."""
    for name in _PASSWORD_NAMES:
        position = lowered.find(name)
        while position >= 0:
            match = _PASSWORD.match(text, position + len(name))
            is_ours = match is not None and (language is not Language.PYTHON or match["key"] is not None)
            if match is not None and is_ours and _is_mixed(match[2]):
                yield match.start(2)
            position = lowered.find(name, position + len(name))


def _is_mixed(value: str) -> bool:
    return _PLACEHOLDER.search(value.lower()) is None and all(
        re.search(kind, value) for kind in ("[a-z]", "[A-Z]", r"\d", r"[^\w./:-]")
    )


def _is_random(value: str) -> bool:
    if _PLACEHOLDER.search(value.lower()) or not re.search(r"[A-Za-z]", value) or not re.search(r"\d", value):
        return False
    return bits_a_character(value) >= _LEAST_BITS


def bits_a_character(value: str) -> float:
    """Return the Shannon entropy of a text's characters, in bits."""
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())


RULE = TextRule(
    rule="secret",
    category=Category.SECURITY,
    severity=Severity.ERROR,
    message="what looks like a secret is written into the file",
    suggestion="read it from the environment or a secret store, and revoke this one",
    find=_find,
    reach_lines=FEW_LINES,
    fires=(
        (Language.YAML, "token: glpat" + "-a1b2c3d4e5f6g7h8i9j0\n"),
        (Language.JAVASCRIPT, "const apiKey = 'q8Zt3LmP0vXr7Yb2" + "Kc5W';\n"),
        (Language.PYTHON, "database = {'user': 'root', 'password': 'P4s" + "sw0rd!'}\n"),
        (Language.GO, 'clientSecret := "9f8A7s6D5f4G' + '3h2J1k0L"\n'),
    ),
    quiet=(
        (
            Language.PYTHON,
            "api_key = 'your-api-key-goes-here-1'\npassword = os.environ['PASSWORD_OF_THE_DB']\n",
        ),
        (Language.JAVASCRIPT, "const secret = 'correct-horse-battery-staple';\n"),
        (Language.YAML, "key: AKIAIOSFODNN7EXAMPLE\n"),
    ),
)
