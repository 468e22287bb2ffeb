"""A test that is still there asserts less than before the edit.

A test that fails is told about the code; taking its assertion out makes it green and leaves the fault. Assertions that moved
within the test, or into another test or helper of the file, are not counted as removed. It weighs as a note where the
edit also wrote something in the file, or took out as much of what leads to the assertion: then tests were reworked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reasoningbank_daemon.quality.judging.change import Change, Line
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.pattern import ChangeRule, Found
from reasoningbank_daemon.quality.patterns.tests_in_text import ASSERTION, LANGUAGES, find_tests
from reasoningbank_schema.verdicts import Category, Severity


def _find(change: Change) -> Iterator[Found]:
    if change.before is None or not is_test_path(change.path):
        return
    gone = _statements(change.removed)
    removed = sum(ASSERTION.match(text) is not None for text in gone)
    added = sum(ASSERTION.match(line.text.strip()) is not None for line in change.added)
    if removed <= added:
        return
    # Where something was written in their stead, or what they tested went too, that is for a person to judge.
    severity = Severity.NOTE if change.added or 2 * removed <= len(gone) else Severity.WARNING
    before = find_tests(change.before, change.language)
    for name, test in find_tests(change.after, change.language).items():
        stood = len(before[name].assertions) if name in before else 0
        left = len(test.assertions)
        if left < stood:
            yield Found(
                line=test.line,
                severity=severity,
                message=f"this test asserts less than before the edit ({left} assertion{'' if left == 1 else 's'}, was {stood})",
            )


def _statements(lines: Sequence[Line]) -> list[str]:
    """Return the first lines of the statements that some lines hold, stripped; comments and closing brackets are none."""
    found: list[str] = []
    opened = (0, 0)  # the line after, and the indent of, a statement whose brackets are open
    for line in lines:
        text = line.text.strip()
        indent = len(line.text) - len(line.text.lstrip())
        if line.number == opened[0] and (indent > opened[1] or text[0] in ")]}"):
            opened = (line.number + 1, opened[1])
            continue
        opened = (line.number + 1, indent) if text.endswith(("(", "[", "{", ",")) else (0, 0)
        if not text.startswith(("#", "//", ")", "]", "}")):
            found.append(text)
    return found


RULE = ChangeRule(
    rule="assertion-removed",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="this test asserts less than before the edit",
    suggestion="put the assertion back; if it fails, say so",
    find=_find,
    languages=LANGUAGES,
    fires=(
        (
            Language.PYTHON,
            "def test_a():\n    x = f()\n    assert x == 1\n    assert x.y == 2\n",
            "def test_a():\n    x = f()\n    assert x == 1\n",
        ),
        (
            Language.TYPESCRIPT,
            "it('works', () => {\n  const a = f();\n  expect(a).toBe(1);\n});\n",
            "it('works', () => {\n  const a = f();\n});\n",
        ),
        (
            Language.GO,
            "func TestA(t *testing.T) {\n\tassert.Equal(t, 1, f())\n\tassert.Nil(t, g())\n}\n",
            "func TestA(t *testing.T) {\n\tassert.Nil(t, g())\n}\n",
        ),
    ),
    quiet=(
        (
            Language.PYTHON,
            "def test_a():\n    assert f() == 1\n    assert g() == 2\n",
            "def test_a():\n    assert f() == 1\n\n\ndef test_b():\n    assert g() == 2\n",
        ),
        (Language.PYTHON, "def test_a():\n    assert f() == 1\n", "def test_a():\n    assert f() == 2\n"),
    ),
)
