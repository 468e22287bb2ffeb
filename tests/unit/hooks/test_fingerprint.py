"""Two reports of one event share a fingerprint; different events do not."""

from __future__ import annotations

import pytest

from reasoningbank_hooks.hosts.fingerprint import FINGERPRINT_BYTES, fingerprint
from reasoningbank_schema.events import Origin

HERE = Origin(host="claude-code", session_id="s", at_ns=1, turn_id="t", agent_id="a")


def test_the_hooks_own_time_and_installation_do_not_count() -> None:
    later = Origin(host="claude-code", session_id="s", at_ns=2, turn_id="t", agent_id="a", cwd="/elsewhere")

    first = fingerprint("claude-code", "Stop", HERE, b"{}")

    assert first == fingerprint("claude-code", "Stop", later, b"{}")
    assert len(first) == FINGERPRINT_BYTES


@pytest.mark.parametrize(
    ("host", "event", "origin", "payload"),
    [
        ("codex", "Stop", HERE, b"{}"),
        ("claude-code", "SubagentStop", HERE, b"{}"),
        ("claude-code", "Stop", HERE, b"{} "),
        ("claude-code", "Stop", Origin(host="claude-code", session_id="x", at_ns=1, turn_id="t"), b"{}"),
        (
            "claude-code",
            "Stop",
            Origin(host="claude-code", session_id="s", at_ns=1, turn_id="a", agent_id="t"),
            b"{}",
        ),
    ],
)
def test_anything_else_that_differs_makes_another_event(
    host: str, event: str, origin: Origin, payload: bytes
) -> None:
    assert fingerprint(host, event, origin, payload) != fingerprint("claude-code", "Stop", HERE, b"{}")
