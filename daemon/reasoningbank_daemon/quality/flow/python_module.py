"""Follow the statements of a Python module, and of the classes in it, that are not remembered."""

from __future__ import annotations

import re
from collections.abc import Callable

import tree_sitter

from reasoningbank_daemon.quality.flow.python_expressions import Environment
from reasoningbank_daemon.quality.flow.python_memory import (
    Above,
    FlowMemory,
    Followed,
    Heard,
    followed,
    is_definition,
)
from reasoningbank_daemon.quality.flow.python_statements import MOST_STATEMENTS, Follower, copied

_NOTHING = frozenset({"comment", "import_statement", "import_from_statement", "future_import_statement"})
"""Statements in which nothing can be found, and which bind nothing that is known."""

_JSON_FRAMEWORKS = (b"fastapi", b"ninja", b"rest_framework", b"litestar", b"flask_restful", b"flask_restx")
_IMPORTS_ONE = re.compile(
    rb"^[ \t]*(?:from|import)[ \t]+(?:" + b"|".join(_JSON_FRAMEWORKS) + rb")\b", re.MULTILINE
)


class Recorder:
    """Where a `Follower` tells what it finds in the statement that it follows."""

    def __init__(self) -> None:
        self.heard = Heard()


def follow_module(
    root: tree_sitter.Node, follower: Follower, recorder: Recorder, memory: FlowMemory
) -> Heard:
    """Return what is found in a module."""
    walk = _Walk(root, follower, recorder, memory)
    follower.sends_json = _sends_json(root.text or b"")
    block = _Block(walk, Above(sends_json=follower.sends_json), dict, depth=1)
    block.follow(root.named_children)
    return walk.heard


def _sends_json(data: bytes) -> bool:
    """Tell whether a module's handlers send what they return as JSON."""
    # Most modules hold none of the names, which is seen in a quarter of the time.
    return any(name in data for name in _JSON_FRAMEWORKS) and _IMPORTS_ONE.search(data) is not None


class _Walk:
    """What all blocks of one walk through a module share."""

    def __init__(
        self, root: tree_sitter.Node, follower: Follower, recorder: Recorder, memory: FlowMemory
    ) -> None:
        self.follower = follower
        self.recorder = recorder
        self.heard = Heard()
        self.is_sure = True
        """Whether what is remembered holds: not below a function that changes what others share."""
        self._memory = memory
        self._data = root.text or b""
        self._start = root.start_byte
        memory.begin()

    def known(self, key: bytes) -> Followed | None:
        """Return what is remembered of a statement that is followed as a whole."""
        known = self._memory.get(key) if self.is_sure else None
        return None if known is None or known.statements > self.follower.left else known

    def keep(
        self, key: bytes, node: tree_sitter.Node, heard: Heard, statements: int, *, goes_on: bool
    ) -> None:
        """Remember a statement, unless it was not followed as a whole."""
        if self.is_sure and self.follower.left >= 0 and self._begins_its_line(node):
            known = followed(node, heard, statements=statements, goes_on=goes_on)
            if known is not None:
                self._memory.put(key, known)

    def _begins_its_line(self, node: tree_sitter.Node) -> bool:
        start = node.start_byte - self._start
        lead = self._data[self._data.rfind(b"\n", 0, start) + 1 : start]
        return not lead.strip()


class _Block:
    """The statements of a module or a class, from one to the next.

    Those whose findings are remembered wait: they are followed only where something must be that may depend on the names
    that they bind.
    """

    def __init__(self, walk: _Walk, above: Above, outer: Callable[[], Environment], *, depth: int) -> None:
        self._walk = walk
        self._above = above
        self._outer = outer
        self._depth = depth
        self._env: Environment | None = None
        self._waiting: list[tree_sitter.Node] = []

    def follow(self, statements: list[tree_sitter.Node]) -> None:
        """Follow the statements up to one whose end is not reached."""
        follower = self._walk.follower
        for node in statements:
            if follower.left <= 0:
                break
            if node.type in _NOTHING or (is_definition(node) and not follower.holds_a_place(node)):
                follower.left -= 1
            elif (body := _class_body(node)) is not None:
                follower.left -= 1
                inner = _Block(self._walk, self._above.inside(), self._names_now, depth=self._depth + 1)
                inner.follow(body.named_children)
            elif not self._goes_on_after(node, self._above.key(node)):
                break

    def _goes_on_after(self, node: tree_sitter.Node, key: bytes) -> bool:
        known = self._walk.known(key)
        if known is None:
            return self._followed(node, key)
        self._walk.follower.left -= known.statements
        self._walk.heard.add(known.heard, byte=node.start_byte, row=node.start_point.row)
        if not is_definition(node):
            self._waiting.append(node)
        return known.goes_on

    def _followed(self, node: tree_sitter.Node, key: bytes) -> bool:
        walk, follower = self._walk, self._walk.follower
        env = self._names()
        left = follower.left
        walk.recorder.heard = heard = Heard()
        goes_on = True
        if is_definition(node):
            walk.is_sure = follower.definition(node, env, depth=self._depth) and walk.is_sure
        else:
            goes_on = follower.statement(node, env, depth=self._depth)
        walk.heard.add(heard, byte=0, row=0)
        walk.keep(key, node, heard, left - follower.left, goes_on=goes_on)
        return goes_on

    def _names_now(self) -> Environment:
        """Return what a class in this block begins with."""
        return copied(self._names())

    def _names(self) -> Environment:
        """Return what is known here, once the statements that wait are followed."""
        if self._env is None:
            self._env = self._outer()
        follower = self._walk.follower
        left = follower.left
        self._walk.recorder.heard = Heard()
        for node in self._waiting:
            follower.left = MOST_STATEMENTS  # they are counted already
            follower.statement(node, self._env, depth=self._depth)
        follower.left = left
        self._waiting.clear()
        return self._env


def _class_body(node: tree_sitter.Node) -> tree_sitter.Node | None:
    if node.type == "decorated_definition":
        definition = node.child_by_field_name("definition")
        if definition is None:
            return None
        node = definition
    return node.child_by_field_name("body") if node.type == "class_definition" else None
