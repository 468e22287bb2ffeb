"""An assertion that compared a value now only asks whether there is one.

`assert total == 3` became `assert total`, `toEqual(…)` became `toBeTruthy()`: the test passes with nearly any result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule, Found
from reasoningbank_daemon.quality.patterns.tests_in_text import ASSERTION, LANGUAGES
from reasoningbank_schema.verdicts import Category, Severity

_EXACT = re.compile(
    r"[^=!<>]==[^=]|\bassert\w*(?:Equals?|_eq)\b|\bassert_?[eE]quals?\w*\(|\bto(?:Strict)?(?:Be|Equal)\((?!true\)|undefined)|\bEqual\(|_EQ\("
    r"|\beq\(|\bisEqualTo\(|\bassertDictEqual|\bassertListEqual|\bassertRaises\((?!Exception)|\braises\((?!Exception)"
)
_VAGUE = re.compile(
    r"\bis not None\b|\bassertTrue\(|\bassertIsNotNone\(|\btoBe(?:Truthy|Defined)\(|\bnot\.toBe(?:Null|Undefined)\("
    r"|\bassertNotNull\(|\bNotNil\(|\bNotNull\(|\bisNotNull\(|\bor True\b|\|\| true\b|\bassert_not_nil\b|\braises\(Exception\)"
    r"|\bassertRaises\(Exception\b"
)
_BARE = re.compile(r"^assert(?:!\(|\s+|\()\s*[\w.\[\]()'\"]+\s*\)?;?$")
_TO_TRUE = re.compile(r"(?:, *|== *)(?:True|true|False|false)\)?;?$|\(true, ")
"""Comparing with true asks no more than whether it is so."""
_NAME = re.compile(r"[A-Za-z_]\w{2,}")


def _find(change: Change) -> Iterator[Found]:
    if change.before is None or not is_test_path(change.path):
        return
    exact = [line.text.strip() for line in change.removed if _is_exact(line.text.strip())]
    for line in change.added:
        text = line.text.strip()
        if not ASSERTION.match(text) or _is_exact(text) or not (_VAGUE.search(text) or _BARE.match(text)):
            continue
        if text.count("(") != text.count(")"):  # the assertion goes on in the next line
            continue
        names = _subject(text)
        if any(names and names <= set(_NAME.findall(old)) for old in exact):
            yield Found(line=line.number, column=len(line.text) - len(line.text.lstrip()) + 1)


def _is_exact(text: str) -> bool:
    return (
        ASSERTION.match(text) is not None
        and _EXACT.search(text) is not None
        and _TO_TRUE.search(text) is None
    )


def _subject(text: str) -> set[str]:
    """Return the names that an assertion is about, without those of the assertion itself."""
    words = set(_NAME.findall(text))
    return {
        each
        for each in words
        if not re.match(r"assert|expect|self|not|None|True|is|to[A-Z]|with|pytest|raises|Exception", each)
    }


RULE = ChangeRule(
    rule="assertion-weakened",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="this assertion compared a value before the edit, and now passes with nearly any",
    suggestion="compare with the value that is right; if it fails, say so",
    find=_find,
    languages=LANGUAGES,
    fires=(
        (Language.PYTHON, "def test_a():\n    assert total == 3\n", "def test_a():\n    assert total\n"),
        (Language.PYTHON, "self.assertEqual(total, 3)\n", "self.assertIsNotNone(total)\n"),
        (Language.JAVASCRIPT, "expect(total).toEqual(3);\n", "expect(total).toBeTruthy();\n"),
        (Language.JAVA, "assertEquals(3, total);\n", "assertNotNull(total);\n"),
    ),
    quiet=(
        (Language.PYTHON, "assert total == 3\n", "assert total == 4\nassert other\n"),
        (Language.PYTHON, "assert total\n", "assert total == 3\n"),
        (Language.PYTHON, "self.assertEqual(fits(url), True)\n", "self.assertTrue(fits(url))\n"),
        (Language.PYTHON, "assert pipe(total) == {\n}\n", "assert pipe(\n    total\n) == {\n}\n"),
    ),
)
