"""Where a value from outside does harm, and what makes it harmless, as the rules of a kind state it."""

from __future__ import annotations

import re

import msgspec

OWNER = -2
"""As the place of an argument: what the method is called on."""


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
