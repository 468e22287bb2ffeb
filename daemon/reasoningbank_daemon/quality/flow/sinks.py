"""Where a value from outside does harm, and what makes it harmless, as the rules of a kind state it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import TypeVar

import msgspec

T = TypeVar("T")

OWNER = -2
"""As the place of an argument: what the method is called on."""


_MOST_NAMES = 4_096
_LONGEST_NAME = 200


class Sink(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a kind of harm happens in.

    `callee` fits the whole dotted name; `argument` is the place of the dangerous one, -1 means any of them, and
    `keyword` its name. `only_with` is a keyword argument that must be true, as `shell=True`. Of `clears`, findings of
    ruff on the call are dropped where the argument is fixed in the program.
    """

    callee: re.Pattern[str]
    argument: int = 0
    keyword: str = ""
    only_with: str = ""
    clears: tuple[str, ...] = ()


class PythonFlow(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of harm is in Python. `returned`: a text that a request's handler returns does it."""

    kind: str
    sinks: tuple[Sink, ...]
    makes_safe: re.Pattern[str] | None = None
    returned: bool = False
    stored: re.Pattern[str] | None = None
    """A container that does harm when a value from outside is put into it."""


class Flows:
    """All kinds of harm that are looked for, and what is known of a function by its name alone.

    A program calls few functions by many names: each name is compared with all patterns once.
    """

    def __init__(self, flows: Iterable[PythonFlow]) -> None:
        self.kinds = tuple(flows)
        self._sinks: OrderedDict[str, tuple[tuple[PythonFlow, Sink], ...]] = OrderedDict()
        self._safe: OrderedDict[str, frozenset[str]] = OrderedDict()

    def sinks_called(self, name: str) -> tuple[tuple[PythonFlow, Sink], ...]:
        """Return the sinks that a call of this name is, each with its kind of harm."""
        known = self._sinks.get(name)
        if known is None:
            known = tuple(
                (flow, sink) for flow in self.kinds for sink in flow.sinks if sink.callee.match(name)
            )
            _remember(self._sinks, name, known)
        return known

    def made_safe_by(self, name: str) -> frozenset[str]:
        """Return the kinds of harm against which a function of this name makes its argument safe."""
        known = self._safe.get(name)
        if known is None:
            known = frozenset(
                flow.kind
                for flow in self.kinds
                if flow.makes_safe is not None and flow.makes_safe.search(name)
            )
            _remember(self._safe, name, known)
        return known


def _remember(names: OrderedDict[str, T], name: str, value: T) -> None:
    if len(name) <= _LONGEST_NAME:
        names[name] = value
        if len(names) > _MOST_NAMES:
            names.popitem(last=False)


def sink(
    callee: str, argument: int = 0, *, keyword: str = "", only_with: str = "", clears: tuple[str, ...] = ()
) -> Sink:
    """Return a sink by a regular expression for the name of what is called."""
    return Sink(
        callee=re.compile(rf"(?:{callee})\Z"),
        argument=argument,
        keyword=keyword,
        only_with=only_with,
        clears=clears,
    )
