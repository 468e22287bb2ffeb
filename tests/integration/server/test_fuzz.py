"""Malformed frames and mutated hook payloads against the real daemon: no crash, no growth, all counted.

``RB_FUZZ_FRAMES`` and ``RB_FUZZ_PAYLOADS`` set how many (`make fuzz`: 1,000,000 and 100,000).
"""

from __future__ import annotations

import json
import os
import random
import socket
from pathlib import Path
from typing import Any

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.wire import Wire
from rbtest.zmtp import HandshakenPeer

from reasoningbank_schema.envelope import RequestHeader, pack_request
from reasoningbank_schema.messages import (
    DaemonStatus,
    HookEvent,
    PreTask,
    Status,
    decode_reply,
    encode_request,
)

FRAMES = int(os.environ.get("RB_FUZZ_FRAMES", "20000"))
PAYLOADS = int(os.environ.get("RB_FUZZ_PAYLOADS", "2000"))
SEED = int(os.environ.get("RB_FUZZ_SEED", "7"))
FIXTURES = Path(__file__).parents[2] / "fixtures" / "agents"
WINDOW = 64
GROWTH_BYTES = 64 * 1024 * 1024
"""What the daemon may grow by: caches fill once; a leak of 100 bytes a frame would be 100 MB over a campaign."""

PLATEAU_BYTES = 12 * 1024 * 1024
"""What it may grow by in the second half, however long: the caches are full by then (SQLite's are 2 and 16 MB)."""


def _status(daemon: DaemonProcess) -> DaemonStatus:
    with Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Status(), timeout_s=60)
    assert answers is not None
    reply = decode_reply(answers.advice)
    assert isinstance(reply, DaemonStatus)
    return reply


def _malformed(rng: random.Random) -> list[bytes]:
    """Make one message that no well-behaved client would send."""
    good_header = pack_request(
        RequestHeader(nonce=rng.randbytes(16), sent_ns=rng.getrandbits(63), deadline_ms=50)
    )
    # Some are changed into another good one: those are tasks, each of a session of its own.
    good_body = encode_request(PreTask(session=f"{rng.getrandbits(40):x}", prompt="p"))
    match rng.randrange(8):
        case 0:
            return [rng.randbytes(rng.randrange(64)) for _ in range(rng.randrange(1, 6))]
        case 1:
            return [good_header, rng.randbytes(rng.randrange(200))]
        case 2:
            return [good_header[: rng.randrange(32)], good_body]
        case 3:
            return [b"RB" + bytes([rng.randrange(2, 256)]) + good_header[3:], good_body]
        case 4:
            position = rng.randrange(len(good_body))
            return [good_header, good_body[:position] + rng.randbytes(1) + good_body[position + 1 :]]
        case 5:
            return [good_header, good_body, b"one frame too many"]
        case 6:
            return [good_header, b"\x91" * rng.randrange(1, 2000)]
        case _:
            return [good_header, b"\x82\xa4type\xa7unknown\xa1x" + rng.randbytes(4)]


def test_malformed_frames_are_counted_and_do_no_harm() -> None:
    rng = random.Random(SEED)
    with scratch_home() as home, DaemonProcess(home) as daemon:
        _send_all(daemon, [_malformed(rng) for _ in range(500)])
        before = _status(daemon)

        sent = _send_malformed(daemon, rng, FRAMES // 2)
        middle = _status(daemon)
        sent += _send_malformed(daemon, rng, FRAMES // 2)
        after = _status(daemon)

        assert after.malformed - before.malformed > sent // 2
        assert after.rss_bytes - before.rss_bytes < GROWTH_BYTES
        assert after.rss_bytes - middle.rss_bytes < PLATEAU_BYTES
        assert "Traceback" not in daemon.output()
        print(
            f"{sent} frames: {after.malformed - before.malformed} counted as malformed, {after.tasks} became tasks, "
            f"RSS {before.rss_bytes / 1e6:.0f} -> {middle.rss_bytes / 1e6:.0f} -> {after.rss_bytes / 1e6:.0f} MB"
        )


def _send_malformed(daemon: DaemonProcess, rng: random.Random, count: int) -> int:
    """Send malformed frames as fast as they are taken, wait until all have been read, and return how many."""
    began, sent = _status(daemon).requests, 0
    with Wire(daemon.paths.endpoint) as wire:
        while sent < count:
            for _ in range(WINDOW):
                wire.send_frames(_malformed(rng))
            sent += WINDOW
            while wire.receive(timeout_s=0) is not None:
                pass
        # What was sent is read in turn with what others send: the count gets there, not at once.
        wait_until(
            lambda: _status(daemon).requests - began >= sent, what="every frame to be read", timeout_s=120
        )
    return sent


def _send_all(daemon: DaemonProcess, messages: list[list[bytes]]) -> None:
    with Wire(daemon.paths.endpoint) as wire:
        for frames in messages:
            wire.send_frames(frames)


def test_bytes_that_are_not_zmtp_do_no_harm() -> None:
    rng = random.Random(SEED)
    with scratch_home() as home, DaemonProcess(home) as daemon:
        for _ in range(300):
            with socket.socket(socket.AF_UNIX) as raw:
                raw.connect(str(daemon.paths.socket))
                try:
                    raw.sendall(rng.randbytes(rng.randrange(1, 300)))
                except OSError:
                    continue  # hung up on already

        assert _status(daemon).state == "serving"


def _unruly(rng: random.Random) -> bytes:
    """Make bytes that follow a good handshake and break the transport's rules, or only begin to keep them."""
    match rng.randrange(6):
        case 0:
            return rng.randbytes(rng.randrange(1, 2000))
        case 1:
            return bytes((rng.randrange(8, 256), rng.randrange(256))) + rng.randbytes(64)
        case 2:
            return b"\x02" + rng.getrandbits(64).to_bytes(8, "big") + rng.randbytes(64)
        case 3:
            return b"\x01" + bytes((200,)) + rng.randbytes(50)
        case 4:
            return b"\x04\x05\x04PING" + b"\x04\x06\x05ERROR" * rng.randrange(50)
        case _:
            return b"\x01\x00" * rng.randrange(1, 3000)


def test_peers_that_break_the_transport_after_a_good_handshake_do_no_harm() -> None:
    rng = random.Random(SEED)
    with scratch_home() as home, DaemonProcess(home) as daemon:
        before = _status(daemon)
        dropped = 0
        for _ in range(300):
            with HandshakenPeer(daemon.paths.socket) as peer:
                dropped += not all(peer.push(_unruly(rng)) for _ in range(10))
        after = _status(daemon)

        assert after.state == "serving"
        assert after.rss_bytes - before.rss_bytes < GROWTH_BYTES
        assert "Traceback" not in daemon.output()
        print(f"300 unruly peers, {dropped} of them dropped while they talked")


def _fixtures() -> list[tuple[str, str, Any]]:
    """Every recorded payload as (host, event, JSON value)."""
    found = []
    for folder in sorted(FIXTURES.iterdir()):
        for file in sorted(folder.glob("*.json")) if folder.is_dir() else []:
            if file.name.startswith("_"):
                continue
            value = json.loads(file.read_text(encoding="utf-8"))
            event = (
                value.get("hook_event_name", file.name.split(".")[0])
                if isinstance(value, dict)
                else file.stem
            )
            found.append((folder.name, event, value))
    return found


def _mutate(rng: random.Random, value: Any) -> Any:
    """Change one place of a JSON value: its type, its size, or whether it is there."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        if rng.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _mutate(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = rng.randrange(len(value))
        return [_mutate(rng, item) if i == index else item for i, item in enumerate(value)]
    strange: list[Any] = [
        None,
        True,
        -1,
        1e308,
        2**70,
        "",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin1"),
        "A" * 5000,
        "\x00",
        [],
        {},
        [[[[]]]],
        {"a": {"b": None}},
        "../../etc/passwd",
        "\u202e",
    ]
    return rng.choice(strange)


def _payload(rng: random.Random, value: Any) -> bytes:
    raw = json.dumps(value).encode()
    for _ in range(rng.randrange(4)):
        value = _mutate(rng, value)
        raw = json.dumps(value).encode()
    match rng.randrange(10):
        case 0:
            return raw[: rng.randrange(len(raw) + 1)]
        case 1:
            position = rng.randrange(len(raw) + 1)
            return raw[:position] + rng.randbytes(rng.randrange(1, 8)) + raw[position:]
        case _:
            return raw


def test_mutated_hook_payloads_do_no_harm() -> None:
    fixtures = _fixtures()
    if not fixtures:
        pytest.fail(f"no recorded payloads under {FIXTURES}")
    rng = random.Random(SEED)
    with scratch_home() as home, DaemonProcess(home) as daemon:
        answered = _send_payloads(daemon, rng, fixtures, 500)
        before = _status(daemon)

        answered += _send_payloads(daemon, rng, fixtures, PAYLOADS // 2)
        middle = _status(daemon)
        answered += _send_payloads(daemon, rng, fixtures, PAYLOADS // 2)
        after = _status(daemon)

        assert answered == 500 + PAYLOADS // 2 * 2
        assert after.rejected > before.rejected
        assert after.rss_bytes - before.rss_bytes < GROWTH_BYTES
        assert after.rss_bytes - middle.rss_bytes < 2 * PLATEAU_BYTES  # parsers fill caches of their own
        assert "Traceback" not in daemon.output()
        wait_until(lambda: _status(daemon).state == "serving", what="the daemon to serve on")
        print(
            f"{PAYLOADS} payloads: {after.rejected - before.rejected} refused, {after.tasks} tasks, "
            f"RSS {before.rss_bytes / 1e6:.0f} -> {middle.rss_bytes / 1e6:.0f} -> {after.rss_bytes / 1e6:.0f} MB"
        )


def _send_payloads(
    daemon: DaemonProcess, rng: random.Random, fixtures: list[tuple[str, str, Any]], count: int
) -> int:
    """Send mutated payloads, a window at a time; return how many were settled one way or the other."""
    settled = 0
    with Wire(daemon.paths.endpoint) as wire:
        while settled < count:
            nonces = set()
            for _ in range(min(WINDOW, count - settled)):
                host, event, value = rng.choice(fixtures)
                request = HookEvent(host=host, event=event, payload=_payload(rng, value))
                nonces.add(wire.send(request, deadline_ms=30_000))
            while nonces:
                got = wire.receive(timeout_s=60)
                assert got is not None, f"{len(nonces)} payloads were never settled"
                header, _ = got
                if header.stored.name != "PENDING" and header.nonce in nonces:
                    nonces.discard(header.nonce)
                    settled += 1
    return settled
