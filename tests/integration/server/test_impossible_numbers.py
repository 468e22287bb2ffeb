"""JSON can hold numbers that a column can't: their sender gets an answer, and nobody else hears of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home
from rbtest.wire import Wire

from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.messages import HookEvent, PostTask, PreTask

PAYLOAD = Path(__file__).parents[2] / "fixtures" / "agents" / "claude-code" / "PostToolUse.Bash.json"


def _hook(number: int, **changed: object) -> HookEvent:
    payload = json.loads(PAYLOAD.read_text(encoding="utf-8")) | {"tool_use_id": f"toolu_{number}"} | changed
    return HookEvent(host="claude-code", event="PostToolUse", payload=json.dumps(payload).encode())


@pytest.mark.parametrize("value", [2**63, 2**70, -(2**64), 10**400])
def test_number_beyond_64_bits_never_keeps_the_events_beside_it_from_being_stored(value: int) -> None:
    with scratch_home() as home, DaemonProcess(home) as daemon, Wire(daemon.paths.endpoint) as wire:
        before = wire.send(_hook(1), deadline_ms=5000)
        odd = wire.send(_hook(2, duration_ms=value), deadline_ms=5000)
        after = wire.send(_hook(3), deadline_ms=5000)

        told: dict[bytes, Stored] = {}
        while len(told) < 3:
            got = wire.receive(timeout_s=30)
            assert got is not None, "an event was never settled"
            if got[0].stored is not Stored.PENDING:
                told[got[0].nonce] = got[0].stored

        assert (told[before], told[after]) == (Stored.STORED, Stored.STORED)
        assert told[odd] in (Stored.STORED, Stored.REFUSED)
        assert "Traceback" not in daemon.output()


def test_tokens_beyond_64_bits_are_refused_and_the_task_goes_on() -> None:
    with scratch_home() as home, DaemonProcess(home) as daemon, Wire(daemon.paths.endpoint) as wire:
        wire.ask(PreTask(session="s", prompt="Fix the parser"))
        odd = wire.ask(PostTask(session="s", success=True, tokens_in=2**63))
        good = wire.ask(PostTask(session="s", success=True, tokens_in=12))

        assert odd is not None
        assert good is not None
        assert (odd.stored, good.stored) == (Stored.REFUSED, Stored.STORED)
