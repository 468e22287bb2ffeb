"""What was found in the statements of Python modules, so that those an edit left as they were are not followed again.

What is found in a statement depends on its own text and, through the names that they bind, on that of the statements of the module above it;
not on functions and classes above it, of which nothing is followed into another one.
"""

from __future__ import annotations

import copy
import hashlib
from collections import deque

import msgspec
import tree_sitter

from reasoningbank_daemon.quality.engine import RawIssue

_MOST_MODULES = 4
"""As many as trees are kept of: an agent returns to a file soon, or after much else."""
_DEFINITIONS = frozenset({"function_definition", "class_definition", "decorated_definition"})


class Harm(msgspec.Struct, frozen=True):
    """A finding of one kind at a place, in bytes."""

    kind: str
    byte: int
    issue: RawIssue


class Heard(msgspec.Struct):
    """What was found in some statements: harm, and evidence against findings of others."""

    harm: list[Harm] = []
    evidence: list[RawIssue] = []

    def add(self, other: Heard, *, byte: int, row: int) -> None:
        """Add what was found in a statement that begins here, counted from its beginning."""
        if other.harm:
            self.harm.extend(
                Harm(each.kind, each.byte + byte, _moved(each.issue, row)) for each in other.harm
            )
        if other.evidence:
            self.evidence.extend(_moved(each, row) for each in other.evidence)

    def issues(self) -> list[RawIssue]:
        """Return one finding for each kind and place, and the evidence."""
        found = {(each.kind, each.byte): each.issue for each in self.harm}
        return [*found.values(), *self.evidence]


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What following a statement of a module came to; its places are counted from its beginning."""

    heard: Heard
    statements: int
    """How many there are in it, itself among them."""
    goes_on: bool
    """Whether its end is reached."""


def followed(node: tree_sitter.Node, heard: Heard, *, statements: int, goes_on: bool) -> Followed | None:
    """Return what is to be remembered of a statement; None where it speaks of lines outside of it."""
    inside = Heard()
    if not heard.harm and not heard.evidence:
        return Followed(heard=inside, statements=statements, goes_on=goes_on)
    first, last = node.start_point.row + 1, node.end_point.row + 1
    spoken = [*(each.issue for each in heard.harm), *heard.evidence]
    if any(not first <= issue.line <= last for issue in spoken):
        return None
    inside.add(heard, byte=-node.start_byte, row=-node.start_point.row)
    return Followed(heard=inside, statements=statements, goes_on=goes_on)


class FlowMemory:
    """Remembers the statements of the last few modules."""

    def __init__(self) -> None:
        self.modules: deque[dict[bytes, Followed]] = deque([{}], maxlen=_MOST_MODULES)

    def begin(self) -> None:
        """Begin a module; the one that came first is forgotten where there are too many."""
        self.modules.appendleft({})

    def get(self, key: bytes) -> Followed | None:
        """Return what is known under a key."""
        for module in self.modules:
            if (known := module.get(key)) is not None:
                self.put(key, known)
                return known
        return None

    def put(self, key: bytes, known: Followed) -> None:
        """Remember a statement of the module that was begun last."""
        self.modules[0][key] = known


def is_definition(node: tree_sitter.Node) -> bool:
    """Tell whether a statement makes a function or a class, in which nothing of what is known of the module's names changes."""
    return node.type in _DEFINITIONS


class Above:
    """The statements of a module or class above a place that are neither functions nor classes, as part of a key."""

    def __init__(self, *, sends_json: bool) -> None:
        self._hash = hashlib.blake2b(b"json" if sends_json else b"", digest_size=20)

    def key(self, node: tree_sitter.Node) -> bytes:
        """Return the key of a statement, which is above all that come after it unless it is a definition."""
        text = node.text or b""
        here = self._hash.copy() if is_definition(node) else self._hash
        here.update(b"%d %d " % (node.start_point.column, len(text)))
        here.update(text)
        return here.digest()

    def inside(self) -> Above:
        """Return what is above the first statement of a class that stands here."""
        within = copy.copy(self)
        within._hash = self._hash.copy()  # noqa: SLF001 - of its own kind
        within._hash.update(b"class ")  # noqa: SLF001
        return within


def _moved(issue: RawIssue, rows: int) -> RawIssue:
    return msgspec.structs.replace(issue, line=issue.line + rows) if rows else issue
