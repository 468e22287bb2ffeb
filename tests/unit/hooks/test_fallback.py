"""What is kept of an event that goes to the spool, and what never gets there."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rbtest.forked import in_child

from reasoningbank_hooks import rb_hook, rb_hook_fallback
from reasoningbank_schema import spool
from reasoningbank_schema.messages import HookEvent, decode_request

PLENTY_NS = 60_000_000_000
TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """Give the process its own alarm back."""
    before = signal.getsignal(signal.SIGALRM)
    timer = signal.getitimer(signal.ITIMER_REAL)
    yield
    signal.setitimer(signal.ITIMER_REAL, *timer)
    signal.signal(signal.SIGALRM, before)


def kept(folder: Path, payload: bytes, *, complete: bool = True) -> HookEvent:
    """Send a payload down the failure path and read what it left."""
    call = rb_hook.Call(["claude-code", "PostToolUse"], 150)
    call.chunks = [bytearray(payload)]
    call.complete = complete
    end_ns = time.monotonic_ns() + PLENTY_NS
    rb_hook_fallback.keep(
        call,
        folder=str(folder / "spool"),
        daemon=(),
        environment={},
        end_ns=end_ns,
        hand_over=lambda: False,
    )
    [name] = spool.list_entries(str(folder / "spool"))
    event = decode_request(spool.read_entry(str(folder / "spool"), name).body)
    assert isinstance(event, HookEvent)
    return event


def test_secrets_are_gone_before_the_event_reaches_the_disk(tmp_path: Path) -> None:
    event = kept(tmp_path, json.dumps({"session_id": "s", "prompt": f"use {TOKEN} here"}).encode())

    assert json.loads(event.payload)["prompt"] == "use [redacted:github-token] here"
    assert not event.truncated
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir())


def test_a_long_event_stays_json_with_its_longest_texts_cut(tmp_path: Path) -> None:
    payload = json.dumps(
        {"session_id": "s", "tool_name": "Write", "x": "a line\n" * 100_000, "y": "short"}
    ).encode()

    event = kept(tmp_path, payload)

    fields = json.loads(event.payload)
    assert event.truncated
    assert len(event.payload) <= spool.MAX_EVENT_BYTES
    assert (fields["session_id"], fields["tool_name"], fields["y"]) == ("s", "Write", "short")
    assert fields["x"].startswith("a line\na line\n")
    assert fields["x"].endswith("characters cut]")
    assert len(fields["x"]) > 100_000


def test_a_secret_across_the_cut_does_not_survive_in_half(tmp_path: Path) -> None:
    """Wherever the cut falls, no part of a token that is recognisable as a whole may be left."""
    text = f"{TOKEN} " * 20_000
    payload = json.dumps({"session_id": "s", "x": text}).encode()

    event = kept(tmp_path, payload)

    assert b"ghp_" not in event.payload


def test_a_private_key_across_the_cut_does_not_survive_in_half(tmp_path: Path) -> None:
    key = (
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7bq\n" * 40 + "-----END RSA PRIVATE KEY-----\n"
    )
    for pad in range(0, 2000, 400):
        folder = tmp_path / str(pad)
        folder.mkdir()

        event = kept(folder, json.dumps({"session_id": "s", "x": "p\n" * pad + key * 500}).encode())

        assert b"MIIEpAIBAAKCAQEA7bq" not in event.payload


def test_a_long_event_that_is_no_json_leaves_its_outline(tmp_path: Path) -> None:
    payload = b'{"session_id":"s","cwd":"/p","tool_name":"Bash","tool_input":{"command":"' + b"x" * 400_000

    event = kept(tmp_path, payload)

    assert json.loads(event.payload) == {"session_id": "s", "cwd": "/p", "tool_name": "Bash"}
    assert event.truncated


def test_what_was_cut_off_by_the_deadline_is_kept_as_json_and_marked(tmp_path: Path) -> None:
    event = kept(tmp_path, b'{"session_id":"s","prompt":"half a sen', complete=False)

    assert json.loads(event.payload) == {"session_id": "s", "prompt": "half a … [more than 4 bytes cut]"}
    assert event.truncated


def test_what_was_cut_off_and_is_no_json_is_kept_as_it_came(tmp_path: Path) -> None:
    event = kept(tmp_path, b"not JSON, half a sen", complete=False)

    assert (event.payload, event.truncated) == (b"not JSON, half a sen", True)


def test_of_an_event_without_an_end_the_beginnings_of_its_texts_are_kept(tmp_path: Path) -> None:
    fields = {"session_id": "s", "tool_input": {"file_path": "/a.py", "content": "x = 1 # é 😀\n" * 400_000}}
    payload = json.dumps(fields).encode()[: 4 << 20]

    event = kept(tmp_path, payload, complete=False)

    kept_fields = json.loads(event.payload)
    assert kept_fields["session_id"] == "s"
    assert kept_fields["tool_input"]["file_path"] == "/a.py"
    assert kept_fields["tool_input"]["content"].startswith("x = 1 # é 😀\nx = 1")
    assert kept_fields["tool_input"]["content"].endswith("bytes cut]")
    assert len(event.payload) < rb_hook_fallback.BEGINNING_BYTES + rb_hook_fallback.STRING_BYTES


def test_a_secret_where_an_event_breaks_off_does_not_survive_in_half(tmp_path: Path) -> None:
    for number in range(1, 30):
        folder = tmp_path / str(number)
        folder.mkdir()
        payload = b'{"session_id":"s","prompt":"the key is ' + TOKEN[:number].encode()

        event = kept(folder, payload, complete=False)

        assert TOKEN[:number] not in json.loads(event.payload)["prompt"].partition(" … ")[0].split()


@settings(max_examples=100)
@given(
    document=st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.text(max_size=50) | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
            lambda inner: (
                st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
            ),
            max_leaves=10,
        ),
    ),
    ascii_only=st.booleans(),
    share=st.floats(0, 1),
)
def test_the_beginning_of_json_is_json_wherever_it_breaks_off(
    document: object, ascii_only: bool, share: float
) -> None:
    payload = json.dumps(document, ensure_ascii=ascii_only).encode()

    begun = rb_hook_fallback.beginning(payload[: round(share * len(payload))])

    assert begun is None or isinstance(json.loads(begun), dict)
    assert json.loads(rb_hook_fallback.beginning(payload) or b"{}") == document


@settings(max_examples=50)
@given(
    document=st.recursive(
        st.text(max_size=50) | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=10,
    ),
    long=st.text(min_size=1, max_size=20),
)
def test_shortened_json_is_json_within_its_limit(document: object, long: str) -> None:
    payload = json.dumps({"document": document, "long": long * 2000}).encode()

    shortened = rb_hook_fallback.shorten(payload, 4000)

    assert shortened is not None
    assert len(shortened) <= 4000
    assert json.loads(shortened)["document"] == document


@pytest.mark.parametrize(
    "payload", [b"", b"[", b"[" * 100_000, b"\xff", json.dumps(list(range(5000))).encode()]
)
def test_what_can_not_be_shortened_is_not(payload: bytes) -> None:
    assert rb_hook_fallback.shorten(payload, 4000) is None


@given(st.binary(max_size=300))
def test_an_outline_is_json_or_nothing(noise: bytes) -> None:
    outline = rb_hook_fallback.outline(b'{"session_id":"a\\"b",' + noise)

    assert json.loads(outline)["session_id"] == 'a"b'


def test_an_outline_of_nothing_is_empty() -> None:
    assert rb_hook_fallback.outline(b"hello") == b""


def test_disk_that_is_too_slow_costs_the_sync_and_neither_the_entry_nor_more_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    begun: list[int] = []

    def never_done(descriptor: int) -> None:
        begun.append(descriptor)
        os.read(reader, 1)

    def ours(_number: int, _frame: object) -> None:
        raise AssertionError("the hook's own alarm")

    signal.signal(signal.SIGALRM, ours)
    signal.setitimer(signal.ITIMER_REAL, 60)
    monkeypatch.setattr(os, "fsync", never_done)
    sync = rb_hook_fallback._sync_until(time.monotonic_ns() + 20_000_000)

    spool.write_entry(str(tmp_path / "spool"), b"h" * 32, b"body", sync=sync)

    assert len(begun) == 1  # the folder's would be a second wait
    assert len(spool.list_entries(str(tmp_path / "spool"))) == 1
    assert signal.getsignal(signal.SIGALRM) is ours
    assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
    os.close(reader)
    os.close(writer)


def test_child_that_took_over_syncs_what_its_parent_had_no_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    monkeypatch.setattr(os, "fsync", begun.append)
    sync = rb_hook_fallback._sync_until(time.monotonic_ns())

    def work() -> None:
        sync(7)
        assert begun == [7]

    sync(7)
    in_child(work)

    assert begun == []
