"""The list of models and their prices: dated defaults that come with the program, and what the user changes."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

DEFAULTS_FILE = Path(__file__).parent.parent / "models.toml"

_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Price = Annotated[float, Meta(ge=0, le=10_000)]
_PRICES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


class ModelListError(ValueError):
    """The list of models is incomplete; the message names the model and what is missing."""


class ModelTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Hold one ``[[models]]`` table of the user's file: a key that is absent keeps the default's value."""

    name: _Name
    host: _Name | None = None
    tier: _Name | None = None
    alias: _Name | None = None
    input: _Price | None = None
    output: _Price | None = None
    cache_read: _Price | None = None
    cache_write_5m: _Price | None = None
    cache_write_1h: _Price | None = None
    as_of: dt.date | None = None
    note: str | None = None


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Describe one model that the user can run.

    Prices are US dollars per million tokens, as they stood on ``as_of``; None is a price that is not known.
    ``alias`` is the host's own short name, None where it has none.
    """

    name: str
    host: str
    tier: str
    alias: str | None = None
    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write_5m: float | None = None
    cache_write_1h: float | None = None
    as_of: dt.date | None = None
    note: str = ""


@functools.cache
def _shipped(path: Path = DEFAULTS_FILE) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@functools.cache
def default_models() -> tuple[ModelEntry, ...]:
    """Return the models that come with this version of the program."""
    return msgspec.convert(_shipped()["models"], tuple[ModelEntry, ...])


def merge_models(defaults: tuple[ModelEntry, ...], tables: tuple[ModelTable, ...]) -> tuple[ModelEntry, ...]:
    """Lay the user's tables over the defaults, by name; new models come last, in the file's order.

    Raises
    ------
    ModelListError
        When a new model lacks its host, tier or prices.
    """
    merged = {entry.name: msgspec.structs.asdict(entry) for entry in defaults}
    for table in tables:
        given = {key: value for key, value in msgspec.structs.asdict(table).items() if value is not None}
        lacking = [
            key
            for key in ("host", "tier", "input", "output")
            if key not in given and table.name not in merged
        ]
        if lacking:
            raise ModelListError(
                f"model {table.name!r} is not one of the defaults and lacks: {', '.join(lacking)}"
            )
        merged[table.name] = merged.get(table.name, {}) | given
    return tuple(ModelEntry(**fields) for fields in merged.values())


def price_document(tables: tuple[ModelTable, ...]) -> dict[str, Any]:
    """Return the decoded price list with the user's tables laid over it, in the form of ``models.toml``.

    Where the user states a price of a model, the shipped surcharges for long prompts and announced changes of
    that model are left out: they belong to the prices that were replaced.
    """
    priced = {table.name for table in tables if any(getattr(table, kind) is not None for kind in _PRICES)}
    document = dict(_shipped())
    for part in ("long_prompts", "announced"):
        document[part] = [entry for entry in document.get(part, ()) if entry["name"] not in priced]
    merged = merge_models(default_models(), tables)
    document["models"] = [msgspec.structs.asdict(entry) for entry in merged]
    return document


def price_version(document: dict[str, Any]) -> str:
    """Name a price list by its date and its content: what a stored cost refers to."""
    digest = hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()
    return f"{document['list_date']}/{digest[:12]}"
