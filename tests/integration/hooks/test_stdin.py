"""Whatever stands on stdin, or does not: the hook ends in time, silently, and keeps what can be kept."""

from __future__ import annotations

import json
import re
import signal
import subprocess

import apsw
import pytest
from rbtest.daemon_process import DaemonProcess, wait_until
from rbtest.hook_home import BOUND_S, HookHome, ordinary_user, quickest
from rbtest.hook_peers import Router, answer

from reasoningbank_daemon.storage.compression import unpack


def test_a_stdin_that_is_never_closed_ends_at_the_deadline_with_what_came(
    home: HookHome, payload: bytes
) -> None:
    with Router(home.socket, lambda request: [answer(request)], owner=ordinary_user()):
        run = quickest(lambda: home.run_unclosed("PostToolUse", payload))

    assert run.wall_s < BOUND_S
    assert [event.payload for _, event in home.spooled()] == [payload] * home.calls
    assert all(event.truncated for _, event in home.spooled())


def test_a_stdin_that_is_neither_written_nor_closed_leaves_nothing(home: HookHome) -> None:
    run = quickest(lambda: home.run_unclosed("PostToolUse", b""))

    assert run.wall_s < BOUND_S
    assert home.spooled() == []


def test_a_payload_that_comes_after_the_deadline_is_kept_whole(home: HookHome, payload: bytes) -> None:
    with home.start("PostToolUse") as process:
        assert process.wait(timeout=20) == 0, "the host goes on"

        assert process.stdin
        process.stdin.write(payload)

    assert [(event.payload, event.truncated) for _, event in home.spooled()] == [(payload, False)]


def test_a_payload_that_comes_late_and_never_ends_is_kept_as_far_as_it_came(
    home: HookHome, payload: bytes
) -> None:
    with home.start("PostToolUse") as process:
        assert process.wait(timeout=20) == 0

        assert process.stdin
        process.stdin.write(payload)
        process.stdin.flush()
        spooled = home.spooled()

    assert [(event.payload, event.truncated) for _, event in spooled] == [(payload, True)]


def test_a_stdin_that_does_not_exist_is_an_empty_one(home: HookHome) -> None:
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$0" claude-code Stop <&- >&- 2>&-', str(home.program.executable)],
        env={"RB_HOME": str(home.root)},
        user=ordinary_user(),
    )

    assert process.wait(timeout=20) == 0
    assert home.spooled() == []


ODD_PAYLOADS = {
    "empty": b"",
    "not JSON": b"hello",
    "not UTF-8": b"\xff\xfe\x00" * 1000,
    "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "50 MB": b'{"session_id":"s-1","tool_name":"Write","x":"' + b"a" * 50_000_000 + b'"}',
    "50 MB, nested": b"[" * 50_000_000,
}


@pytest.mark.parametrize("name", ODD_PAYLOADS)
def test_an_odd_payload_costs_nothing_when_the_daemon_is_absent(home: HookHome, name: str) -> None:
    run = quickest(lambda: home.run("PostToolUse", ODD_PAYLOADS[name]))

    assert run.wall_s < BOUND_S
    assert len(home.spooled()) == (0 if name == "empty" else home.calls)


@pytest.mark.parametrize("name", ODD_PAYLOADS)
def test_an_odd_payload_is_the_daemons_to_judge(home: HookHome, name: str) -> None:
    content = ODD_PAYLOADS[name]
    with Router(home.socket, lambda request: [answer(request)], owner=ordinary_user()) as router:
        run = quickest(lambda: home.run("PostToolUse", content))

    assert run.wall_s < BOUND_S
    if len(content) <= 4 << 20:
        assert [request.event.payload for request in router.requests] == [content] * home.calls
        assert home.spooled() == []
    else:
        assert router.requests == []
        assert all(event.truncated and len(event.payload) < 16_384 for _, event in home.spooled())


def test_of_an_event_that_is_far_too_long_the_beginning_is_kept(home: HookHome) -> None:
    home.run("PostToolUse", ODD_PAYLOADS["50 MB"])

    [(_, event)] = home.spooled()
    fields = json.loads(event.payload)
    assert (fields["session_id"], fields["tool_name"]) == ("s-1", "Write")
    assert re.fullmatch("a{8000,16000} … \\[more than [0-9]{7} bytes cut]", fields["x"])


def test_a_turn_whose_prompt_is_far_too_long_begins_with_the_beginning_of_it(home: HookHome) -> None:
    prompt = "Fix the parser. " * 400_000
    fields = {
        "session_id": "long-prompt",
        "transcript_path": "/t.jsonl",
        "cwd": "/p",
        "permission_mode": "default",
        "hook_event_name": "UserPromptSubmit",
        "prompt": prompt,
    }
    run = home.run("UserPromptSubmit", json.dumps(fields).encode())

    with DaemonProcess(home.root, user=ordinary_user()) as daemon:
        wait_until(lambda: home.spooled() == [], what="the spool to be taken in")
        assert daemon.terminate() == 0

    db = apsw.Connection(str(home.paths.bank), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        turns = [unpack(row[0]) for row in db.execute("SELECT prompt FROM turn")]
        rejected = db.execute("SELECT count(*) FROM rejected_event").get
    finally:
        db.close()
    assert (run.status, run.stdout) == (0, b"")
    assert [turn.startswith("Fix the parser. Fix the parser.") for turn in turns] == [True]
    assert "cut" in turns[0]
    assert rejected == 0


def test_signals_that_the_host_blocked_do_not_take_the_deadline_away(home: HookHome, payload: bytes) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM})
    try:
        run = quickest(lambda: home.run_unclosed("PostToolUse", payload))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    assert run.wall_s < BOUND_S
