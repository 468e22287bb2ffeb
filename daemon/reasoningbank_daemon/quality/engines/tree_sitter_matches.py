"""Find the patterns of a language in a tree, and only where it changed in a tree that was made from another.

Used only in the parser's own process.
"""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Iterator

import tree_sitter

from reasoningbank_daemon.quality.engines.grammars import grammar
from reasoningbank_daemon.quality.engines.tree_sitter_parse import Match, Origin, Parsed
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.catalogue import patterns_for
from reasoningbank_daemon.quality.patterns.python_signs import PythonLines

_DEEPEST_MATCH = 1000
"""Patterns are not looked for below this many levels: the time for a query grows with the square of the depth
(100,000 nested brackets took 38 s)."""


def may_match(language: Language, text: str) -> bool:
    """Tell whether a text may hold a match at all; where it plainly does not, a tree need not be made for it."""
    _compiled(language)  # in any case, so that no later text has to wait for it
    if language is not Language.PYTHON:
        return True
    code = PythonLines(text)
    return any(each.python_sign is None or each.python_sign(code) for each in patterns_for(language))


def find_matches(parsed: Parsed) -> tuple[Match, ...]:
    """Return the first match of each pattern at each place, from left to right."""
    origin = parsed.origin
    if origin is None:
        found: Iterator[Match] = _matches(parsed.language, parsed.tree)
    else:
        # A match is the same as before unless a part of it lies in what changed.
        lost = frozenset(_matches(parsed.language, origin.tree, origin.old))
        stayed = (_moved(match, origin) for match in origin.matches if match not in lost)
        found = itertools.chain(stayed, _matches(parsed.language, parsed.tree, origin.new))
    matches = sorted(set(found), key=_order)
    parsed.settle(tuple(matches))
    chosen: dict[tuple[int, int], Match] = {}
    for match in matches:
        chosen.setdefault((match.issue[0], match.pattern), match)  # two parts, or ways, of one pattern
    return tuple(chosen.values())


def _order(match: Match) -> tuple[int, int, int]:
    return match.issue[0], match.pattern, -1 if match.stood is None else match.stood[0]


def _matches(
    language: Language, tree: tree_sitter.Tree, within: tuple[int, int] | None = None
) -> Iterator[Match]:
    """Yield all matches that have a part within a range of bytes; None means everywhere."""
    query, owners = _compiled(language)
    cursor = tree_sitter.QueryCursor(query)
    cursor.set_max_start_depth(_DEEPEST_MATCH)
    if within is not None:
        cursor.set_byte_range(*within)
    for part, captures in cursor.matches(tree.root_node):
        stood = captures.get("stood")
        yield Match(owners[part], _place(captures["issue"][0]), _place(stood[0]) if stood else None)


def _place(node: tree_sitter.Node) -> tuple[int, int, int]:
    point = node.start_point
    return node.start_byte, point.row, point.column


def _moved(match: Match, origin: Origin) -> Match:
    """Return where a match stands now."""
    stood = None if match.stood is None else _moved_place(match.stood, origin)
    return Match(match.pattern, _moved_place(match.issue, origin), stood)


def _moved_place(place: tuple[int, int, int], origin: Origin) -> tuple[int, int, int]:
    byte, row, column = place
    if byte < origin.old[1]:
        return place
    return byte + origin.new[1] - origin.old[1], row + origin.added_rows, column


@functools.cache
def _compiled(language: Language) -> tuple[tree_sitter.Query, tuple[int, ...]]:
    """Return one query with all patterns of a language, and for each of its parts which pattern it belongs to."""
    sources = [pattern.queries[language].encode() for pattern in patterns_for(language)]
    ends = list(itertools.accumulate(len(source) + 1 for source in sources))
    query = tree_sitter.Query(grammar(language), b"\n".join(sources).decode())
    starts = (query.start_byte_for_pattern(part) for part in range(query.pattern_count))
    return query, tuple(bisect.bisect_right(ends, start) for start in starts)
