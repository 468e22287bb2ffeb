"""Every key of the configuration as a value: its path, type, range, default and meaning.

Made from the Structs of `sections`, so that messages, the documentation and `reasoningbank config` can't
disagree with what is accepted.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec
from msgspec import inspect


class ConfigKey(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one key; ``path`` is ``section.name``, ``allowed`` says in words what it may hold."""

    path: str
    allowed: str
    default: bool | float | str | tuple[str, ...]
    meaning: str
    needs_restart: bool


def list_keys(config_type: type[msgspec.Struct]) -> tuple[ConfigKey, ...]:
    """Return the keys of all sections in the order in which they are declared; lists of tables are left out."""
    keys: list[ConfigKey] = []
    for section in _struct(config_type).fields:
        if isinstance(section.type, inspect.StructType):
            keys += [_describe(section.name, field) for field in section.type.fields]
    return tuple(keys)


def value_at(data: object, path: tuple[str | int, ...]) -> object:
    """Return what a decoded document holds at a path; None where the path leads nowhere."""
    for part in path:
        try:
            data = data[part]  # type: ignore[index]  # what can't be indexed is the case handled below
        except (KeyError, IndexError, TypeError):
            return None
    return data


def allowed_at(config_type: type[msgspec.Struct], path: tuple[str | int, ...]) -> str:
    """Say in words what may stand at a path of the document; empty for a path that is not known."""
    current: inspect.Type = _struct(config_type)
    for part in path:
        if isinstance(part, int) and isinstance(current, inspect.VarTupleType):
            current = _bare(current.item_type)
            continue
        if not isinstance(current, inspect.StructType):
            return ""
        types = {field.name: field.type for field in current.fields}
        if part not in types:
            return ""
        current = _bare(types[str(part)])
    return _words(current)


def names_at(config_type: type[msgspec.Struct], path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys that the table at a path may have."""
    current: inspect.Type = _struct(config_type)
    for part in path:
        if isinstance(part, int) and isinstance(current, inspect.VarTupleType):
            current = _bare(current.item_type)
        elif isinstance(current, inspect.StructType):
            current = _bare(next(field.type for field in current.fields if field.name == part))
    return tuple(field.name for field in current.fields) if isinstance(current, inspect.StructType) else ()


def _struct(config_type: type[msgspec.Struct]) -> inspect.StructType:
    found = inspect.type_info(config_type)
    if not isinstance(found, inspect.StructType):
        raise TypeError(f"{config_type.__name__} is not a Struct")
    return found


def _describe(section: str, field: inspect.Field) -> ConfigKey:
    extra: dict[str, Any] = {}  # msgspec's own type
    meaning = ""
    if isinstance(field.type, inspect.Metadata):
        extra = field.type.extra or {}
        meaning = (field.type.extra_json_schema or {}).get("description", "")
    default = field.default.value if isinstance(field.default, enum.Enum) else field.default
    return ConfigKey(
        path=f"{section}.{field.name}",
        allowed=_words(_bare(field.type)),
        default=default,
        meaning=meaning,
        needs_restart=bool(extra.get("restart")),
    )


def _bare(found: inspect.Type) -> inspect.Type:
    """Strip what only annotates a type."""
    while isinstance(found, inspect.Metadata):
        found = found.type
    return found


def _words(found: inspect.Type) -> str:
    match found:
        case inspect.BoolType():
            words = "true or false"
        case inspect.IntType():
            words = "a whole number" + _range(found)
        case inspect.FloatType():
            words = "a number" + _range(found)
        case inspect.EnumType():
            words = " or ".join(f'"{member.value}"' for member in found.cls)
        case inspect.VarTupleType():
            words = f"a list, each item {_words(_bare(found.item_type))}"
        case inspect.UnionType():
            given = [_bare(item) for item in found.types if not isinstance(item, inspect.NoneType)]
            words = " or ".join(_words(item) for item in given)
        case inspect.StructType():
            words = "a table with the keys " + ", ".join(field.name for field in found.fields)
        case inspect.StrType():
            words = "text in quotes, not empty" if found.min_length else "text in quotes"
        case inspect.DateType():
            words = "a date such as 2026-01-31"
        case _:
            raise TypeError(f"{type(found).__name__} has no words: name it in keys.py")
    return words


def _range(found: inspect.IntType | inspect.FloatType) -> str:
    low = "" if found.ge is None else f"from {found.ge:g}"
    if found.gt is not None:
        low = f"above {found.gt:g}"
    high = "" if found.le is None else f"to {found.le:g}"
    words = f"{low} {high}".strip()
    return f" {words}" if words else ""
