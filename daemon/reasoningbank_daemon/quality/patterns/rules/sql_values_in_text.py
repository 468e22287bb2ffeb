r"""A value is written into the text of an SQL statement, in ways that ruff's S608 does not see.

Statements that go over several lines (`"… WHERE a = '" + \` on one of them, the value on the next), and those that are
formatted where they are executed (`execute(query % value)`). A table's name can't be a parameter: only places where a value
stands are meant.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import in_comment, place, search_at
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule
from reasoningbank_daemon.quality.patterns.words import places_of
from reasoningbank_schema.verdicts import Category, Severity

_STATEMENT = re.compile(
    r"[\"'\s](?:SELECT\s.{1,600}?\sFROM|INSERT\s+INTO|UPDATE\s.{1,80}?\bSET\b|DELETE\s+FROM|WHERE\s)",
    re.IGNORECASE | re.DOTALL,
)
_BEGINNINGS = ("select", "insert", "update", "delete", "where")
_BEGINNING = re.compile(rf"[\"'\s](?={'|'.join(_BEGINNINGS)})", re.IGNORECASE)
_REACH = 600
_WAYS = ("+", "% ", "%(", ".format(")
_JOINED = re.compile(r"\+\s*\\?\s*(?![\"'\s\\])(?!\w+\s*\(\s*\))[A-Za-z_]")
_OPEN_VALUE = re.compile(
    r"(?:[=<>,(]|\bLIKE|\bAND|\bBETWEEN)\s*\(?\s*(?:'%?\"|\\'%?'|\"%?'|['\"])\s*\Z", re.IGNORECASE
)
"""What ends before the plus: a literal that leaves a value open."""
_LITERAL = re.compile(
    r"\"\"\".*?\"\"\"|'''.*?'''|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'", re.DOTALL
)
"""A string from its quotes on: an expression that begins with the prefix, which may be missing, takes three times as long."""
_PREFIX = re.compile(r"\b[rRbBuUfF]{1,2}\Z")
_PLACE = re.compile(
    r"(?:[=<>]|\bLIKE\b|\bVALUES\s*\(|,|\bIN\s*\()\s*(?:\\?['\"]%?(?:%[sdr]|\{\w*\})|(?:%[sdr]|\{\w*\}))",
    re.IGNORECASE,
)
"""Where a value stands that a format fills in."""
_FORMATTED = re.compile(r"\s*(?:\\\n\s*)?(?:%(?!\w*[\"'])\s*\(?\s*[\w(\n]|\.format\()")
_EXECUTED = re.compile(
    r"\.execute(?:many|script)?\(\s*(?:\w+\.)*\w*(?:sql|query|stmt|statement|command|cmd)\w*\s*(?:%\s*[\w(]|\.format\(|\+\s*\w)",
    re.IGNORECASE,
)


def _find(document: Document) -> Iterator[Found]:
    text = document.text
    if is_test_path(document.path) or not any(each in text for each in _WAYS):
        return
    statements = _statements(document)
    if not statements:
        return
    seen: set[int] = set()
    executed = list(search_at(document, (".execute",), _EXECUTED))
    for found in (*_joined(document, statements), *executed, *_placed(document, statements)):
        if found.line not in seen:
            seen.add(found.line)
            yield found


def _statements(document: Document) -> list[tuple[int, int]]:
    """Return where statements begin and at the soonest end, in order, by the words that they begin with: those are found fast."""
    text, lowered = document.text, document.in_small_letters
    if len(lowered) != len(text):  # a place in the one is another in the other
        starts = [match.end() for match in _BEGINNING.finditer(text)]
    else:
        starts = sorted(position for word in _BEGINNINGS for position in places_of(lowered, word))
    found = (_STATEMENT.match(text, start - 1) for start in starts if start > 0)
    return [match.span() for match in found if match is not None]


def _speaks_sql(statements: list[tuple[int, int]], position: int) -> bool:
    """Tell whether a statement stands before a position, not far from it."""
    first = bisect.bisect_left(statements, (position - _REACH, 0))
    last = bisect.bisect_left(statements, (position, 0))
    return any(end <= position for _, end in statements[first:last])


def _joined(document: Document, statements: list[tuple[int, int]]) -> Iterator[Found]:
    """Yield where a value is joined to a literal that leaves one open."""
    text = document.text
    for position in places_of(text, "+"):
        if (
            _speaks_sql(statements, position)
            and _opens_value(text, position)
            and not in_comment(text, position, document.language)
        ):
            yield place(text, position)


def _opens_value(text: str, position: int) -> bool:
    return (
        _OPEN_VALUE.search(text, max(0, position - 40), position) is not None
        and _JOINED.match(text, position) is not None
    )


def _placed(document: Document, statements: list[tuple[int, int]]) -> Iterator[Found]:
    """Yield the string literals with a place for a value that is filled in by formatting."""
    text = document.text
    literals = [match.span() for match in _LITERAL.finditer(text)]
    for index, (quotes, end) in enumerate(literals):
        if text.find("%", quotes, end) < 0 and text.find("{", quotes, end) < 0:
            continue
        start = _plain_start(text, quotes)
        if start is None or not _speaks_sql(statements, end) or not _PLACE.search(text[start:end]):
            continue
        if _FORMATTED.match(text, _end_of_parts(text, end, literals, index + 1)):
            yield place(text, start)


def _end_of_parts(text: str, end: int, literals: list[tuple[int, int]], later: int) -> int:
    """Return where the last of the literals ends that stand after each other as parts of one text."""
    for quotes, later_end in itertools.islice(literals, later, None):
        start = _plain_start(text, quotes)
        if start is None or text[end:start].strip(" \t\n\\"):
            break
        end = later_end
    return end


def _plain_start(text: str, quotes: int) -> int | None:
    """Return where a string begins, with its prefix, that has its quotes at a place; None where it is an f-string."""
    prefix = _PREFIX.search(text, max(0, quotes - 3), quotes) if text[quotes - 1 : quotes].isalpha() else None
    if prefix is None:
        return quotes
    return None if "f" in prefix[0].lower() else prefix.start()


RULE = TextRule(
    rule="sql-values-in-text",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="a value is written into the text of an SQL statement",
    suggestion="pass values as query parameters",
    find=_find,
    literals=(
        "SELECT",
        "INSERT INTO",
        "UPDATE ",
        "DELETE FROM",
        "select ",
        "insert into",
        "update ",
        "delete from",
        "Select ",
        "execute(",
    ),
    languages=(Language.PYTHON,),
    fires=(
        (
            Language.PYTHON,
            'sql = "SELECT a FROM b " + \\\n    "WHERE c = \'" + code + "\' AND " + \\\n    "d = 1"\n',
        ),
        (Language.PYTHON, 'query = "SELECT a FROM b WHERE c = %s"\ndb.execute(query % (c,))\n'),
        (Language.PYTHON, "sql = \"DELETE FROM %s WHERE a = '%s'\" % (table, a)\n"),
        (Language.PYTHON, 'sql = "UPDATE b " + \\\n    "SET c = " + stamp + " " + \\\n    "WHERE d = 1"\n'),
    ),
    quiet=(
        (Language.PYTHON, 'sql = "SELECT a FROM b WHERE c = ?"\ndb.execute(sql, (c,))\n'),
        (Language.PYTHON, 'sql = "SELECT a " + columns + " FROM b"\n'),
        (Language.PYTHON, 'text = "a = \'" + code + "\'"\n'),
        (Language.PYTHON, 'query = "SELECT a FROM b WHERE c = %s"\ndb.execute(query, (c,))\n'),
    ),
)
