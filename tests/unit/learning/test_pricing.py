from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import pytest

import reasoningbank_daemon
from reasoningbank_daemon.learning.pricing import (
    ModelPrice,
    PriceList,
    Rates,
    canonical_model,
    cost_usd,
    price_list,
    price_usage,
)
from reasoningbank_daemon.learning.transcripts import MessageUsage

DOCUMENT = tomllib.loads(
    (Path(reasoningbank_daemon.__file__).parent / "models.toml").read_text(encoding="utf-8")
)
PRICES = price_list(DOCUMENT, version="test")
NOVEMBER_NS = int(dt.datetime(2026, 11, 21, tzinfo=dt.UTC).timestamp()) * 1_000_000_000
DAY_NS = 86_400 * 1_000_000_000


def usage(model: str, *, at_ns: int = NOVEMBER_NS, **tokens: int) -> MessageUsage:
    counts: dict[str, Any] = {"input": 0, "output": 20} | tokens
    return MessageUsage(message_id="m", model=model, at_ns=at_ns, **counts)


# What Claude Code 2.1.329 itself reports as the cost of such usage.
@pytest.mark.parametrize(
    ("model", "tokens", "usd"),
    [
        ("claude-haiku-5-5", {"cache_read": 50_000}, 0.00051),
        ("claude-haiku-5-5", {"cache_write_5m": 50_000}, 0.00626),
        ("claude-haiku-5-5", {"cache_write_1h": 50_000}, 0.01001),
        ("claude-haiku-5-5", {"input": 100_000}, 0.01001),
        ("claude-haiku-5-5", {"input": 150_000}, 0.07505),
        ("claude-haiku-5-5", {"cache_read": 150_000}, 0.00755),
        ("claude-haiku-5-5", {"cache_write_5m": 150_000}, 0.0938),
        ("claude-sonnet-5-5", {"cache_read": 50_000}, 0.0052),
        ("claude-sonnet-5-5", {"cache_write_5m": 50_000}, 0.1252),
        ("claude-sonnet-5-5", {"cache_write_1h": 50_000}, 0.2002),
        ("claude-sonnet-5-5", {"input": 150_000}, 0.3002),
        ("claude-opus-5-5", {"cache_read": 50_000}, 0.0104),
        ("claude-opus-5-5", {"cache_write_5m": 50_000}, 0.2504),
        ("claude-opus-5-5", {"cache_write_1h": 50_000}, 0.4004),
        ("claude-opus-5-5", {"input": 150_000}, 0.6004),
        ("claude-fable-5-2", {"cache_read": 50_000}, 0.0108),
        ("claude-fable-5-2", {"cache_write_5m": 50_000}, 0.5008),
        ("claude-fable-5-2", {"cache_write_1h": 50_000}, 0.8008),
        ("claude-fable-5-2", {"input": 150_000}, 1.2008),
    ],
)
def test_the_default_prices_give_the_cost_that_claude_code_reports(
    model: str, tokens: dict[str, int], usd: float
) -> None:
    cost = price_usage(usage(model, **tokens), PRICES)

    assert cost.usd == pytest.approx(usd, abs=1e-12)


def test_an_unknown_model_has_no_cost_but_a_reason() -> None:
    cost = price_usage(usage("llama-9"), PRICES)

    assert (cost.usd, cost.reason) == (None, "model 'llama-9' is not in price list test")


def test_tokens_of_a_kind_without_a_price_make_the_cost_unknown() -> None:
    price = ModelPrice(name="m", rates=Rates(input=1.0, output=2.0))

    assert cost_usd(usage("m", input=1_000_000), price).usd == pytest.approx(1.00004)
    assert cost_usd(usage("m", cache_read=5), price).reason == "no price for cache reads of m"


def test_an_announced_price_holds_from_its_day_on() -> None:
    last_day = int(dt.datetime(2026, 11, 30, 23, 59, tzinfo=dt.UTC).timestamp()) * 1_000_000_000

    before = price_usage(usage("gemini-4-argon", at_ns=last_day, input=1_000_000, output=0), PRICES)
    after = price_usage(usage("gemini-4-argon", at_ns=last_day + DAY_NS, input=1_000_000, output=0), PRICES)

    assert (before.usd, after.usd) == (2.0, 4.0)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("claude-haiku-5-5-20261007", "claude-haiku-5-5"),
        ("claude-opus-5-5[1m]", "claude-opus-5-5"),
        ("anthropic/claude-sonnet-5.5", "claude-sonnet-5-5"),
        ("us.anthropic.claude-haiku-5-5-20261007-v1:0", "claude-haiku-5-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("openai/gpt-6.2-sol", "gpt-6.2-sol"),
        ("GPT-6.2-Sol-2026-11-17", "gpt-6.2-sol"),
        ("", ""),
    ],
)
def test_a_models_name_is_found_under_its_decorations(given: str, name: str) -> None:
    assert canonical_model(given) == name


def test_a_hosts_alias_is_priced_as_its_model() -> None:
    assert PRICES.find("haiku") == PRICES.find("claude-haiku-5-5")


def test_every_listed_model_says_where_its_price_comes_from() -> None:
    for model in DOCUMENT["models"]:
        assert model["as_of"] <= DOCUMENT["list_date"], model["name"]
        assert len(model["note"]) > 20, model["name"]
        assert model["tier"] in {"small", "medium", "large"}, model["name"]


def test_the_aliases_are_those_that_claude_code_takes() -> None:
    aliases = {model["alias"] for model in DOCUMENT["models"] if "alias" in model}

    assert aliases == {"sonnet", "opus", "haiku", "fable"}


def test_prices_of_the_configuration_take_the_place_of_the_defaults() -> None:
    own = [{"name": "claude-haiku-5-5", "input": 7.0, "output": 9.0}, {"name": "no-price"}]

    prices = price_list(DOCUMENT, version="own", models=own)

    haiku = prices.find("claude-haiku-5-5")
    assert haiku is not None
    assert haiku.rates.input == 7.0
    assert haiku.long_prompt is not None
    assert prices.find("no-price") is None
    assert isinstance(prices, PriceList)
