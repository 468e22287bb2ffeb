"""A test was deleted, and none took its place.

One test alone that is gone is how a failing one is silenced. It weighs as a note where the edit also wrote something in the
file, or took several tests, or what they imported, as well: then tests were reworked, moved, or retired with what they tested,
and whether well is for a person to judge. A test that was renamed or split leaves the number of tests of the file as it was, or
raises it: that is not meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule, Found
from reasoningbank_daemon.quality.patterns.tests_in_text import LANGUAGES, begins_test, find_tests
from reasoningbank_schema.verdicts import Category, Severity

_NAMED = 3
_IMPORT = re.compile(r"\s*(?:import|from|using|use|require|#include)\b")


def _find(change: Change) -> Iterator[Found]:
    if change.before is None or not is_test_path(change.path):
        return
    if not any(begins_test(line.text, change.language) for line in change.removed):
        return
    before = find_tests(change.before, change.language)
    after = find_tests(change.after, change.language)
    gone = [test for name, test in before.items() if name not in after and test.assertions]
    if not gone or len(after) >= len(before):
        return
    severity = Severity.NOTE if len(gone) > 1 or _is_rework(change) else Severity.WARNING
    names = ", ".join(test.name for test in gone[:_NAMED]) + (", …" if len(gone) > _NAMED else "")
    line = min(gone[0].line, change.after.count("\n") + 1)
    yield Found(
        line=line,
        severity=severity,
        message=f"{'a test was' if len(gone) == 1 else f'{len(gone)} tests were'} deleted: {names}",
    )


def _is_rework(change: Change) -> bool:
    return bool(change.added) or any(_IMPORT.match(line.text) for line in change.removed)


RULE = ChangeRule(
    rule="deleted-test",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="a test was deleted",
    suggestion="bring it back, or say why what it tests is gone",
    find=_find,
    languages=LANGUAGES,
    fires=(
        (
            Language.PYTHON,
            "def test_a():\n    assert f()\n\n\ndef test_b():\n    assert g()\n",
            "def test_a():\n    assert f()\n",
        ),
        (
            Language.JAVASCRIPT,
            "it('adds', () => {\n  expect(f()).toBe(1);\n});\nit('takes', () => {\n  expect(g()).toBe(1);\n});\n",
            "it('adds', () => {\n  expect(f()).toBe(1);\n});\n",
        ),
    ),
    quiet=(
        (Language.PYTHON, "def test_a():\n    assert f()\n", "def test_that_f_holds():\n    assert f()\n"),
        (
            Language.PYTHON,
            "def test_a():\n    pass\n\n\ndef helper():\n    return 1\n",
            "def test_a():\n    pass\n",
        ),
    ),
)
