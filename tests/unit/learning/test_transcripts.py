from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import reasoningbank_daemon
from reasoningbank_daemon.learning.pricing import price_list, price_usage
from reasoningbank_daemon.learning.transcripts import MessageUsage, parse_lines

FIXTURES = Path(__file__).parents[2] / "fixtures" / "transcripts"
SESSION = (FIXTURES / "session.jsonl").read_bytes()
SUBAGENT = (FIXTURES / "subagent.jsonl").read_bytes()


def line(message_id: str = "msg_1", **given: Any) -> bytes:
    usage = {"input_tokens": 3, "output_tokens": 4} | given.pop("usage", {})
    record = {
        "type": "assistant",
        "timestamp": "2026-11-21T02:40:47.386Z",
        "message": {"id": message_id, "model": "claude-opus-5-5", "usage": usage},
    }
    return json.dumps(record | given).encode() + b"\n"


def test_a_recorded_session_costs_what_claude_code_reported() -> None:
    prices = price_list(
        tomllib.loads(
            (Path(reasoningbank_daemon.__file__).parent / "models.toml").read_text(encoding="utf-8")
        ),
        version="test",
    )
    reported = next(json.loads(row)["totalCostUSD"] for row in SESSION.splitlines() if b'"cost-state"' in row)

    usages = parse_lines(SESSION, 0)[0] + parse_lines(SUBAGENT, 0)[0]

    costs = [price_usage(usage, prices).usd for usage in usages]
    assert sum(cost for cost in costs if cost is not None) == pytest.approx(reported, abs=1e-12)
    assert None not in costs


def test_a_message_that_spans_several_lines_counts_once() -> None:
    usages, _ = parse_lines(SESSION, 0)

    assert SESSION.count(b'"type":"assistant"') > len(usages) == 4
    assert [usage.input for usage in usages] == [12471, 12586, 12716, 12976]


def test_a_recorded_message_is_read_whole() -> None:
    (first, *_), _ = parse_lines(SUBAGENT, 0)

    assert (first.model, first.output, first.sidechain) == ("claude-haiku-5-5", 20, True)
    assert first.prompt_id == "c8eb1596-7243-411d-903d-14e9d4a34132"
    assert first.request_id == "req_1795228847595547587"
    assert first.at_ns == 1_795_228_847_599_000_000


def test_reading_in_pieces_of_any_size_gives_the_same_messages() -> None:
    whole, end = parse_lines(SESSION, 0)

    for size in (700, 2_000, 9_999):
        found: dict[str, MessageUsage] = {}
        offset = reached = 0
        while reached < len(SESSION):
            reached += size
            usages, offset = parse_lines(SESSION[offset:reached], offset)
            found |= {usage.message_id: usage for usage in usages}
        assert offset == end == len(SESSION)
        assert [usage.output for usage in found.values()] == [usage.output for usage in whole]


def test_an_incomplete_last_line_is_left_for_the_next_read() -> None:
    data = line("msg_1") + line("msg_2")[:-10]

    usages, offset = parse_lines(data, 100)

    assert [usage.message_id for usage in usages] == ["msg_1"]
    assert offset == 100 + len(line("msg_1"))


def test_the_last_usage_of_a_message_wins() -> None:
    usages, _ = parse_lines(line(usage={"output_tokens": 1}) + line(usage={"output_tokens": 99}), 0)

    assert [usage.output for usage in usages] == [99]


def test_cache_writes_are_split_by_lifetime() -> None:
    split = {
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    }
    (usage,), _ = parse_lines(line(usage=split), 0)
    (unsplit,), _ = parse_lines(line(usage={"cache_creation_input_tokens": 30}), 0)

    assert (usage.cache_write_5m, usage.cache_write_1h) == (10, 20)
    assert (unsplit.cache_write_5m, unsplit.cache_write_1h) == (30, 0)


def test_a_message_is_given_to_the_prompt_before_it() -> None:
    prompt = json.dumps({"type": "user", "promptId": "p1", "message": {}}).encode() + b"\n"

    (usage,), _ = parse_lines(prompt + line(), 0)
    (unknown,), _ = parse_lines(line(), 0)

    assert (usage.prompt_id, unknown.prompt_id) == ("p1", None)


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"type":"assistant","message":{"usage":\n',
        b'"assistant" "usage"\n',
        b'\xff\xfe\x00 garbage "assistant" "usage"\n',
        b"\n\n\n",
        line("msg_x", timestamp="yesterday"),
        line("msg_x", timestamp=""),
        line("msg_x", usage={"input_tokens": -5}),
        line("msg_x", usage={"input_tokens": "many"}),
        line("msg_x", message={"id": "msg_x", "model": "<synthetic>", "usage": {}}),
        line("msg_x", type="progress"),
        line(""),
    ],
)
def test_lines_that_hold_no_usage_are_skipped(damaged: bytes) -> None:
    usages, offset = parse_lines(damaged + line("msg_ok"), 0)

    assert [usage.message_id for usage in usages] == ["msg_ok"]
    assert offset == len(damaged) + len(line("msg_ok"))


def test_nothing_to_read_moves_nothing() -> None:
    assert parse_lines(b"", 42) == ((), 42)
