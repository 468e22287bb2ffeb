"""Parse a text with tree-sitter, from the tree of a text that is nearly the same where there is one.

The two texts of an edit, and the steps of a file, share nearly all of their lines. tree-sitter parses what changed
in a tenth of the time. Used only in the parser's own process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec
import tree_sitter

from reasoningbank_daemon.quality.engine import EngineError, EngineTimeoutError
from reasoningbank_daemon.quality.engines.grammars import grammar
from reasoningbank_daemon.quality.languages import Language

_CHUNK_BYTES = 65536
_SHORT_BYTES = 200_000
"""Up to here a text is parsed in one go, which takes about 20 ms and can't be interrupted."""
_KEPT = 4
_KEPT_BYTES = 400_000
"""A tree takes about twenty times the memory of its text; few and no large ones are kept."""
_MOST_CHANGED = 0.5
"""Where more than this share of a text differs there is little to gain."""


class Match(msgspec.Struct, frozen=True):
    """A match of one of the patterns for a language, by the pattern's place among them.

    `issue` is where it begins: its byte, row and column in bytes, all from 0; `stood` the row of the line that must have
    stood before, None where there is none.
    """

    pattern: int
    issue: tuple[int, int, int]
    stood: tuple[int, int, int] | None


class Origin(msgspec.Struct, frozen=True):
    """What a tree was made from, and the bytes, in the old and in the new text, outside of which both are the same."""

    matches: tuple[Match, ...]
    tree: tree_sitter.Tree
    old: tuple[int, int]
    new: tuple[int, int]
    added_rows: int


class Parsed:
    """A tree, and once they were looked for the matches in it. `origin` is None where it was made from nothing."""

    def __init__(
        self, language: Language, data: bytes, tree: tree_sitter.Tree, origin: Origin | None = None
    ) -> None:
        self.language = language
        self.data = data
        self.tree = tree
        self.origin = origin
        self.matches: tuple[Match, ...] | None = None

    def settle(self, matches: tuple[Match, ...]) -> None:
        """Keep the matches, for the trees that will be made from this one."""
        self.matches = matches
        self.origin = None  # else every tree would keep all that came before it


class TextParser:
    """Parses texts, and remembers the last few trees that have no error.

    A tree with an error is neither built on nor kept: how a parser recovers may depend on where it came from, and a
    verdict must not.
    """

    def __init__(self) -> None:
        self._kept: deque[Parsed] = deque(maxlen=_KEPT)

    def parse(self, language: Language, data: bytes, deadline: float, clock: Callable[[], float]) -> Parsed:
        """Return the tree of a text in UTF-8.

        Raises an `EngineError` where the deadline passes while a long text is parsed, or the grammar is missing.
        """
        parser = tree_sitter.Parser(grammar(language))
        parsed = self._parsed_from_another(parser, language, data)
        if parsed is None:
            parsed = Parsed(language, data, _parsed(parser, data, deadline, clock))
        if len(data) <= _KEPT_BYTES and not parsed.tree.root_node.has_error:
            self._kept.appendleft(parsed)
        return parsed

    def _parsed_from_another(
        self, parser: tree_sitter.Parser, language: Language, data: bytes
    ) -> Parsed | None:
        for known in self._kept:
            if known.language is language and (edit := edit_between(known.data, data)) is not None:
                return _parsed_from(parser, known, data, edit)
        return None


def _parsed_from(
    parser: tree_sitter.Parser, known: Parsed, data: bytes, edit: tuple[int, int, int]
) -> Parsed | None:
    """Return the tree of a text made from another's; None where it has an error."""
    start, old_end, new_end = edit
    old_point, new_point = _point(known.data, old_end), _point(data, new_end)
    old = known.tree.copy()
    old.edit(start, old_end, new_end, _point(data, start), old_point, new_point)
    tree = parser.parse(data, old_tree=old)
    if tree.root_node.has_error:
        return None
    if known.matches is None:
        return Parsed(known.language, data, tree)
    changed = old.changed_ranges(tree)
    # One byte more each side: a node that touches the change may have got another neighbour.
    first = max(0, min([start, *(each.start_byte for each in changed)]) - 1)
    last = max([new_end, *(each.end_byte for each in changed)]) + 1
    origin = Origin(
        matches=known.matches,
        tree=known.tree,
        old=(first, last - new_end + old_end),
        new=(first, last),
        added_rows=new_point.row - old_point.row,
    )
    return Parsed(known.language, data, tree, origin)


def edit_between(old: bytes, new: bytes) -> tuple[int, int, int] | None:
    """Return where two texts begin to differ, and where that ends in the old and in the new one; in whole lines.

    None where they have too little in common.
    """
    shortest, longest = sorted((len(old), len(new)))
    if longest - shortest > longest * _MOST_CHANGED:
        return None
    start = _most_shared(shortest, lambda length: old[:length] == new[:length])
    start = old.rfind(b"\n", 0, start) + 1
    end = _most_shared(shortest - start, lambda length: old[len(old) - length :] == new[len(new) - length :])
    if longest - start - end > longest * _MOST_CHANGED:
        return None
    line_end = old.find(b"\n", len(old) - end)
    end = 0 if line_end < 0 else min(end, len(old) - line_end)
    return start, len(old) - end, len(new) - end


def _point(data: bytes, position: int) -> tree_sitter.Point:
    row = data.count(b"\n", 0, position)
    return tree_sitter.Point(row, position - (data.rfind(b"\n", 0, position) + 1))


def _parsed(
    parser: tree_sitter.Parser, data: bytes, deadline: float, clock: Callable[[], float]
) -> tree_sitter.Tree:
    """Parse a text from its beginning, a long one within the deadline.

    Only reading through a callback can be interrupted. It has its price: tree-sitter 0.26 never frees what the callback
    returned, and in a tree so made each test of a node's text calls back for every byte. So only a long text is read
    so, and is then parsed once more, which finds nearly all of the work done.
    """
    if len(data) <= _SHORT_BYTES:
        return parser.parse(data)

    def read(offset: int, _point: tree_sitter.Point) -> bytes:
        return data[offset : offset + _CHUNK_BYTES]

    def is_late(_offset: int, _has_error: bool) -> bool:  # noqa: FBT001 - the parser's signature
        return clock() >= deadline

    try:
        tree = parser.parse(read, progress_callback=is_late)
    except ValueError as error:
        if clock() >= deadline:
            raise EngineTimeoutError("the deadline passed while the text was parsed") from error
        raise EngineError(f"the text could not be parsed: {error}") from error
    return parser.parse(data, old_tree=tree)


def _most_shared(most: int, are_shared: Callable[[int], bool]) -> int:
    """Return the greatest count that is shared, of `most`: what shares so many shares fewer. Faster than byte by byte."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        if are_shared(middle):
            least = middle
        else:
            most = middle - 1
    return least
