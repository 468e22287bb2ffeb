"""What is known of a value while a function is followed."""

from __future__ import annotations

from collections.abc import Iterable

EVERY_KIND = frozenset({"every kind"})


class Unknown:
    """The value of what no constant is known of."""


UNKNOWN = Unknown()


class Value:
    """A value by what it may hold.

    `outside`: some of it comes from outside the program. `fixed`: all of it is written in the program. `constant` is
    the value itself where it is known. `items` are those of a list or a dict that the function itself filled. `names`
    are the variables that it was made of. `safe` are the kinds of harm that it was made safe against. `line` is where its
    text begins in the program (from 1), 0 where it is no text of its own.
    """

    __slots__ = ("constant", "fixed", "items", "line", "names", "outside", "safe")

    def __init__(
        self,
        *,
        outside: bool = False,
        fixed: bool = False,
        constant: object = UNKNOWN,
        items: list[Value] | dict[object, Value] | None = None,
        names: frozenset[str] = frozenset(),
        safe: frozenset[str] = frozenset(),
        line: int = 0,
    ) -> None:
        self.outside = outside
        self.fixed = fixed
        self.constant = constant
        self.items = items
        self.names = names
        self.safe = safe
        self.line = line

    def harms(self, kind: str) -> bool:
        """Tell whether what comes from outside is in it, and may do this kind of harm."""
        return self.outside and kind not in self.safe and not self.safe & EVERY_KIND

    def made_safe(self, kinds: frozenset[str]) -> Value:
        """Return the value, safe against some kinds of harm."""
        return self.changed(safe=self.safe | kinds)

    def named(self, name: str) -> Value:
        """Return the value as one that a variable holds."""
        return self.changed(names=self.names | {name})

    def part(self) -> Value:
        """Return what is known of some part of the value."""
        return Value(outside=self.outside, fixed=self.fixed, names=self.names, safe=self.safe)

    def changed(self, *, names: frozenset[str] | None = None, safe: frozenset[str] | None = None) -> Value:
        """Return a copy with other names, or safe against other kinds."""
        return Value(
            outside=self.outside,
            fixed=self.fixed,
            constant=self.constant,
            items=self.items,
            names=self.names if names is None else names,
            safe=self.safe if safe is None else safe,
            line=self.line,
        )

    def copied(self) -> Value:
        """Return the value with its items in a container of their own."""
        copy = self.changed()
        if self.items is not None:
            copy.items = list(self.items) if isinstance(self.items, list) else dict(self.items)
        return copy


def fixed(constant: object) -> Value:
    """Return a value that is written in the program."""
    return Value(fixed=True, constant=constant)


def anything() -> Value:
    """Return a value that nothing is known of."""
    return Value()


def joined(values: Iterable[Value], *, constant: object = UNKNOWN) -> Value:
    """Return a value that is made of others: it is as bad as the worst of them."""
    outside, fixed, is_empty = False, True, True
    names: frozenset[str] = frozenset()
    safe: frozenset[str] = frozenset()
    for part in values:  # one loop: this is what following a function spends most of its time in
        is_empty = False
        fixed = fixed and part.fixed
        names = names | part.names if names else part.names
        if part.outside:
            safe = safe & part.safe if outside else part.safe
            outside = True
    return Value(outside=outside, fixed=fixed and not is_empty, constant=constant, names=names, safe=safe)


def either(one: Value, other: Value) -> Value:
    """Return what holds of a variable that has one value or the other."""
    if one is other:
        return one
    same = (
        one.constant is not UNKNOWN
        and type(one.constant) is type(other.constant)
        and one.constant == other.constant
    )
    value = joined((one, other), constant=one.constant if same else UNKNOWN)
    value.fixed = one.fixed and other.fixed
    if isinstance(one.items, dict) and isinstance(other.items, dict):
        value.items = {
            key: either(
                one.items.get(key, other.items.get(key, one)), other.items.get(key, one.items.get(key, other))
            )
            for key in {**one.items, **other.items}
        }
    elif isinstance(one.items, list) and isinstance(other.items, list) and len(one.items) == len(other.items):
        value.items = [either(a, b) for a, b in zip(one.items, other.items, strict=True)]
    return value


def identities(values: Iterable[Value]) -> frozenset[int]:
    """Return the identities of values and of all items in them."""
    found: set[int] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if id(value) not in found:
            found.add(id(value))
            items = value.items or ()
            waiting.extend(items.values() if isinstance(items, dict) else items)
    return frozenset(found)
