"""Find the tests in a text and what they assert, by the customs of the common test runners. Pure; no grammar is needed."""

from __future__ import annotations

import re

import msgspec

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY

_JS_START = re.compile(r"^\s*(?:it|test)(?:\.\w+)*\(\s*([\"'`])(?P<name>.+?)\1")
_METHOD = re.compile(
    r"^\s*(?:@Test\s+)?(?:public |private |internal |protected |override |async |suspend )*(?:void|Task|fun)\s+`?(?P<name>\w[\w ]*?)`?\s*\("
)
_STARTS = {
    Language.PYTHON: re.compile(r"^\s*(?:async )?def (?P<name>test\w*)\("),
    **dict.fromkeys(JS_FAMILY, _JS_START),
    Language.GO: re.compile(r"^func (?P<name>Test\w+)\("),
    Language.RUST: re.compile(r"^\s*(?:pub )?(?:async )?fn (?P<name>\w*test\w*|\w+)\(\)"),
    Language.JAVA: _METHOD,
    Language.KOTLIN: _METHOD,
    Language.CSHARP: _METHOD,
    Language.RUBY: re.compile(
        r"^\s*(?:(?:it|specify|test)\s+[\"'](?P<name>.+?)[\"']|def (?P<method>test_\w+))"
    ),
    Language.PHP: re.compile(r"^\s*(?:public )?function (?P<name>test\w+)\("),
}
LANGUAGES = tuple(_STARTS)

ASSERTION = re.compile(
    r"^(?:await )?(?:assert\b|assert\w*[!(]|self\.assert\w+\(|self\.fail\w*\(|with (?:pytest|self)\.(?:raises|assertRaises)|\$this->assert\w+\("
    r"|\w[\w.\[\]]*\.assert_\w+\(|expect\b|Assert\.\w+\(|assert\.\w+\(|require\.\w+\(|t\.(?:Error|Fatal)f?\(|EXPECT_\w+\(|ASSERT_\w+\("
    r"|assertThat\(|\w[\w.()]*\.should\b|refute\w*\b|debug_assert)"
)
"""What a line that asserts begins with."""


class TestFunction(msgspec.Struct, frozen=True, kw_only=True):
    """A test by its name: the line that it begins on (from 1), and its assertions, stripped, by line."""

    name: str
    line: int
    assertions: tuple[tuple[int, str], ...]


def begins_test(line: str, language: Language | None) -> bool:
    """Tell whether a test begins on a line."""
    start = None if language is None else _STARTS.get(language)
    return start is not None and start.match(line) is not None


def find_tests(text: str, language: Language | None) -> dict[str, TestFunction]:
    """Return the tests of a text by name; of two with one name the last."""
    start = None if language is None else _STARTS.get(language)
    if start is None:
        return {}
    lines = text.split("\n")
    found: dict[str, TestFunction] = {}
    for index, line in enumerate(lines):
        match = start.match(line)
        if match is None:
            continue
        name = next(each for key, each in match.groupdict().items() if each and key in {"name", "method"})
        found[name] = TestFunction(name=name, line=index + 1, assertions=_assertions(lines, index))
    return found


def _assertions(lines: list[str], start: int) -> tuple[tuple[int, str], ...]:
    indent = _indent(lines[start])
    found = []
    opened = lines[start].count("(") > lines[start].count(")")
    for index in range(start + 1, len(lines)):
        line = lines[index]
        bare = line.strip()
        if not bare:
            continue
        if _indent(line) <= indent:
            if opened and bare.startswith(")"):  # the parameters stood on lines of their own
                opened = False
                continue
            break
        if ASSERTION.match(bare):
            found.append((index + 1, bare))
    return tuple(found)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
