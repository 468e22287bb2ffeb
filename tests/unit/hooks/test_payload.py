"""Odd bytes: what is forgiven, what is refused, and that nothing crashes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_hooks.hosts import HOSTS, PayloadError
from reasoningbank_schema.events import PromptSubmitted

HOOKED = ("claude-code", "codex", "gemini", "copilot", "opencode")


def prompt(raw: bytes) -> str:
    payload = b'{"session_id":"s","prompt":"' + raw + b'"}'
    event = HOSTS["claude-code"].decode("UserPromptSubmit", payload, 1)
    assert isinstance(event, PromptSubmitted)
    return event.prompt


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb"half an emoji \ud83d", "half an emoji \ufffd"),
        (rb"\ud83d in the middle", "\ufffd in the middle"),
        (rb"the other half \ude00", "the other half \ufffd"),
        (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
        (rb"\ud83d\ude00 and \ud83d", "😀 and \ufffd"),
        (rb"an escaped \\ud83d and \ud83d", "an escaped \\ud83d and \ufffd"),
        (b"not UTF-8: \xff", "not UTF-8: \ufffd"),
    ],
)
def test_half_characters_are_replaced_and_the_rest_of_the_event_is_kept(raw: bytes, text: str) -> None:
    assert prompt(raw) == text


def test_a_byte_order_mark_is_passed_over() -> None:
    payload = b'\xef\xbb\xbf{"session_id":"s","prompt":"hello"}'

    event = HOSTS["claude-code"].decode("UserPromptSubmit", payload, 1)

    assert isinstance(event, PromptSubmitted)


@pytest.mark.parametrize("host", HOOKED)
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"hello",
        b"\xff\xfe\x00",
        b'{"session_id":"s"',
        b'{"session_id":"s"} and more',
        b"[" * 100_000,
        b'{"session_id":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"session_id":"s","input":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    ],
)
def test_what_is_no_payload_is_refused_by_every_host(host: str, payload: bytes) -> None:
    with pytest.raises(PayloadError):
        HOSTS[host].decode("Stop", payload, 1)


@pytest.mark.parametrize("field", ["tool_input", "tool_response"])
def test_depth_inside_a_tools_own_fields_does_not_crash(field: str) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    payload = b'{"session_id":"s","tool_name":"Bash","' + field.encode() + b'":' + deep + b"}"

    with pytest.raises(PayloadError, match="nested too deeply"):
        HOSTS["claude-code"].decode("PostToolUse", payload, 1)


def test_a_refusal_says_where_the_payload_breaks() -> None:
    with pytest.raises(PayloadError, match=r"not JSON: JSON is malformed: .*\(byte 18\)"):
        HOSTS["claude-code"].decode("Stop", b'{"session_id":"s",}', 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = [
    "session_id",
    "hook_event_name",
    "tool_name",
    "tool_input",
    "tool_response",
    "tool_result",
    "prompt",
    "error",
    "cwd",
    "input",
    "output",
    "sessionId",
    "toolName",
    "toolArgs",
    "toolResult",
    "reason",
    "source",
    "agent_id",
]
EVENTS = [
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "UserPromptSubmit",
    "Stop",
    "SubagentStop",
    "SessionStart",
    "AfterTool",
    "BeforeAgent",
    "chat.message",
    "tool.execute.after.bash",
    "tool.execute.before",
    "notify",
]
fields = st.sampled_from(FIELDS)
events = st.sampled_from(EVENTS)


@given(host=st.sampled_from(HOOKED), event=events, payload=st.dictionaries(fields, json_values))
def test_any_json_object_is_understood_or_refused(host: str, event: str, payload: dict[str, object]) -> None:
    body = msgspec.json.encode({"session_id": "s", "tool_name": "Bash"} | payload)

    try:
        decoded = HOSTS[host].decode(event, body, 1, args=(body.decode("utf-8", "replace"),))
    except PayloadError:
        return
    assert decoded.origin.host == host


@given(host=st.sampled_from(HOOKED), event=events, payload=st.binary())
def test_any_bytes_are_understood_or_refused(host: str, event: str, payload: bytes) -> None:
    with pytest.raises(PayloadError):
        HOSTS[host].decode(event, payload, 1)
