"""Every example in docs/protocol.md is what the code reads and writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from reasoningbank_client.exchange import QUESTIONS
from reasoningbank_daemon.services.intake import Event
from reasoningbank_schema.messages import (
    Reply,
    Request,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"### `(\w+)`.*?```json (request|reply)\n(.*?)\n```\s+```hex \2\n(.*?)\n```", PAGE, flags=re.DOTALL
)


@pytest.mark.parametrize(("tag", "kind", "text", "hexadecimal"), EXAMPLES)
def test_example_is_read_and_written_alike(tag: str, kind: str, text: str, hexadecimal: str) -> None:
    union: Any = Request if kind == "request" else Reply
    body = bytes.fromhex(hexadecimal)

    from_json = msgspec.json.decode(text, type=union)
    from_wire: Any = decode_request(body) if kind == "request" else decode_reply(body)

    assert from_json == from_wire
    assert (encode_request(from_wire) if kind == "request" else encode_reply(from_wire)) == body
    assert type(from_wire).__struct_config__.tag == tag


@pytest.mark.parametrize(("kind", "union"), [("request", Request), ("reply", Reply)])
def test_every_message_has_an_example(kind: str, union: Any) -> None:
    shown = {tag for tag, of, _, _ in EXAMPLES if of == kind}

    assert shown == {member.__struct_config__.tag for member in get_args(union)}


def test_client_and_daemon_agree_on_what_stores_nothing() -> None:
    assert set(QUESTIONS) == set(get_args(Request)) - set(get_args(Event))
