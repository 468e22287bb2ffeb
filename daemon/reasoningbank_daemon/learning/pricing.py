"""Price what a model used, by a dated price list; what can't be priced is None with the reason."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from reasoningbank_daemon.learning.transcripts import MessageUsage

MILLION = 1_000_000


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Hold US dollars per million tokens of each kind; None is a price that is not known."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write_5m: float | None = None
    cache_write_1h: float | None = None


class LongPrompt(Rates, frozen=True, kw_only=True):
    """Hold the rates of a request whose prompt has more than ``above_tokens`` tokens, cached ones included."""

    above_tokens: int


class Announced(Rates, frozen=True, kw_only=True):
    """Hold the rates that hold from a day on (UTC)."""

    from_day: dt.date


class ModelPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one model costs: ``rates``, for long prompts, and from later days on (by day)."""

    name: str
    rates: Rates
    alias: str | None = None
    long_prompt: LongPrompt | None = None
    announced: tuple[Announced, ...] = ()

    def rates_for(self, usage: MessageUsage) -> Rates:
        """Return the rates of one request: those of its day, or those of its prompt's length."""
        if self.long_prompt is not None and prompt_tokens(usage) > self.long_prompt.above_tokens:
            return self.long_prompt
        day = dt.datetime.fromtimestamp(usage.at_ns / 1e9, tz=dt.UTC).date()
        in_force = [change for change in self.announced if change.from_day <= day]
        return in_force[-1] if in_force else self.rates


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the prices of many models; ``version`` is stored beside every cost computed with it."""

    version: str
    models: tuple[ModelPrice, ...]

    def find(self, model: str) -> ModelPrice | None:
        """Return the price of a model by name, dated id or the host's alias; None when it is not listed."""
        name = canonical_model(model)
        for price in self.models:
            if canonical_model(price.name) == name or price.alias == name:
                return price
        return None


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a cost in US dollars; None with the reason when a part of it is not known."""

    usd: float | None
    reason: str = ""


_DECORATION = re.compile(r"(?:\[\w+\]|@[\w-]+|-v\d+(?::\d+)?|:[\w-]+|-latest|-\d{8}|-\d{4}-\d{2}-\d{2})$")
_PROVIDER = re.compile(r"^(?:.*/|(?:[a-z]{2,6}\.)?(?:anthropic|openai|google|vertex)\.)")


@functools.lru_cache(maxsize=1024)
def canonical_model(model: str) -> str:
    """Return a model's bare name: no provider, no date, no context-window mark.

    Claude's versions are written with hyphens, whichever way they came.

    >>> canonical_model("us.anthropic.claude-haiku-5-5-20261007-v1:0")
    'claude-haiku-5-5'
    >>> canonical_model("claude-opus-5.5[1m]"), canonical_model("openai/gpt-6.2-sol")
    ('claude-opus-5-5', 'gpt-6.2-sol')
    """
    name = _PROVIDER.sub("", model.strip().lower())
    for _ in range(4):
        shorter = _DECORATION.sub("", name)
        if shorter in {name, ""}:
            break
        name = shorter
    return name.replace(".", "-") if name.startswith("claude") else name


def prompt_tokens(usage: MessageUsage) -> int:
    """Return the length of a request's prompt: fresh, read from and written to the cache."""
    return usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h


def cost_usd(usage: MessageUsage, price: ModelPrice) -> Cost:
    """Price one message's usage.

    Returns
    -------
    Cost
        ``usd`` None when tokens of a kind were used whose price is not known.
    """
    rates = price.rates_for(usage)
    parts = (
        (usage.input, rates.input, "input"),
        (usage.output, rates.output, "output"),
        (usage.cache_read, rates.cache_read, "cache reads"),
        (usage.cache_write_5m, rates.cache_write_5m, "short cache writes"),
        (usage.cache_write_1h, rates.cache_write_1h, "long cache writes"),
    )
    unpriced = [kind for tokens, rate, kind in parts if tokens > 0 and rate is None]
    if unpriced:
        return Cost(usd=None, reason=f"no price for {' and '.join(unpriced)} of {price.name}")
    return Cost(usd=math.fsum(tokens * rate / MILLION for tokens, rate, _ in parts if rate is not None))


def price_usage(usage: MessageUsage, prices: PriceList) -> Cost:
    """Price one message's usage by a list; None with the reason when its model is not listed."""
    price = prices.find(usage.model)
    if price is None:
        return Cost(usd=None, reason=f"model {usage.model!r} is not in price list {prices.version}")
    return cost_usd(usage, price)


_Kind = TypeVar("_Kind", bound=Rates)


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    name: str


def price_list(
    document: Mapping[str, Any], *, version: str, models: Iterable[Any] | None = None
) -> PriceList:
    """Make the price list out of a decoded list of models (``models.toml``).

    Parameters
    ----------
    document
        Its tables ``models``, ``earlier``, ``long_prompts`` and ``announced``.
    version
        What names this list.
    models
        Objects or tables that take the place of ``document["models"]``: what the configuration made of them.
        One without a price for input and output is left out.

    Raises
    ------
    msgspec.ValidationError
        When a table lacks a field or has one of the wrong type.
    """
    entries = [*(document["models"] if models is None else models), *document.get("earlier", ())]
    long_prompts = _by_name(document.get("long_prompts", ()), LongPrompt)
    announced = _by_name(document.get("announced", ()), Announced)
    return PriceList(
        version=version,
        models=tuple(
            ModelPrice(
                name=entry["name"],
                alias=entry.get("alias"),
                rates=msgspec.convert(entry, Rates),
                long_prompt=next(iter(long_prompts.get(entry["name"], ())), None),
                announced=tuple(sorted(announced.get(entry["name"], ()), key=lambda change: change.from_day)),
            )
            for entry in (_as_table(entry) for entry in entries)
            if entry.get("input") is not None and entry.get("output") is not None
        ),
    )


def _as_table(entry: Any) -> Mapping[str, Any]:  # a decoded table, or a Struct of the configuration
    return msgspec.structs.asdict(entry) if isinstance(entry, msgspec.Struct) else entry


def _by_name(tables: Iterable[Any], kind: type[_Kind]) -> dict[str, list[_Kind]]:
    found: dict[str, list[_Kind]] = {}
    for table in tables:
        found.setdefault(msgspec.convert(table, _Named).name, []).append(msgspec.convert(table, kind))
    return found
