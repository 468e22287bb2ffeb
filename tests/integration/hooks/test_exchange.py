"""The hook and a daemon that follows the protocol."""

from __future__ import annotations

import time

import pytest
from rbtest.hook_home import HookHome, ordinary_user
from rbtest.hook_peers import Answer, Request, Router, answer

from reasoningbank_schema.envelope import Code, Stored

ADVICE = '{"hookSpecificOutput":{"hookEventName":"PostToolUse","additionalContext":"[ReasoningBank] grüß"}}'.encode()


def test_the_stdin_reaches_the_daemon_untouched_and_the_advice_reaches_stdout(
    home: HookHome, payload: bytes
) -> None:
    with Router(home.socket, lambda request: [answer(request, ADVICE)], owner=ordinary_user()) as router:
        run = home.run("PostToolUse", payload, "--via", "plugin")

    assert (run.status, run.stdout, run.stderr) == (0, ADVICE, b"")
    [request] = router.requests
    assert request.event.payload == payload
    assert (request.event.host, request.event.event, request.event.via) == (
        "claude-code",
        "PostToolUse",
        "plugin",
    )
    assert not request.event.truncated
    assert home.spooled() == []


def test_the_header_tells_a_fresh_nonce_the_senders_time_and_what_is_left_of_the_deadline(
    home: HookHome, payload: bytes
) -> None:
    before_ns = time.time_ns()
    with Router(home.socket, lambda request: [answer(request)], owner=ordinary_user()) as router:
        home.run("PostToolUse", payload)
        home.run("PostToolUse", payload)

    first, second = (request.header for request in router.requests)
    assert first.nonce != second.nonce
    assert before_ns < first.sent_ns < second.sent_ns < time.time_ns()
    assert 0 < first.deadline_ms < 150
    assert not first.copy


def test_advice_and_stored_may_come_in_two_answers_in_either_order(home: HookHome, payload: bytes) -> None:
    def advice_first(request: Request) -> list[Answer]:
        return [answer(request, ADVICE, stored=Stored.PENDING), answer(request, b"", stored=Stored.STORED)]

    def stored_first(request: Request) -> list[Answer]:
        return [answer(request, b"receipt", final=False), answer(request, ADVICE)]

    runs = []
    for behaviour in (advice_first, stored_first):
        with Router(home.socket, behaviour, owner=ordinary_user()):
            runs.append(home.run("PostToolUse", payload))

    assert [run.stdout for run in runs] == [ADVICE, ADVICE]
    assert home.spooled() == []


@pytest.mark.parametrize("code", [Code.BUSY, Code.LATE, Code.INTERNAL, Code.WRONG_VERSION])
def test_the_body_of_an_answer_that_is_not_ok_is_not_printed(
    home: HookHome, payload: bytes, code: Code
) -> None:
    with Router(home.socket, lambda request: [answer(request, b"why not", code=code)], owner=ordinary_user()):
        run = home.run("PostToolUse", payload)

    assert run.is_silent
    assert home.spooled() == []


def test_an_event_that_the_daemon_could_not_store_is_spooled_under_the_same_nonce(
    home: HookHome, payload: bytes
) -> None:
    behaviour = lambda request: [answer(request, ADVICE, stored=Stored.NOT_STORED)]  # noqa: E731 (one line)
    with Router(home.socket, behaviour, owner=ordinary_user()) as router:
        run = home.run("PostToolUse", payload)

    assert run.stdout == ADVICE
    [(header, event)] = home.spooled()
    assert header.nonce == router.requests[0].header.nonce
    assert header.sent_ns == router.requests[0].header.sent_ns
    assert header.copy
    assert event == router.requests[0].event


@pytest.mark.parametrize("stored", [Stored.REFUSED, Stored.NOTHING])
def test_an_event_that_will_never_be_stored_is_not_spooled(
    home: HookHome, payload: bytes, stored: Stored
) -> None:
    with Router(home.socket, lambda request: [answer(request, stored=stored)], owner=ordinary_user()):
        run = home.run("PostToolUse", payload)

    assert run.is_silent
    assert home.spooled() == []


def test_answers_to_other_calls_and_messages_of_another_shape_are_passed_over(
    home: HookHome, payload: bytes
) -> None:
    def behaviour(request: Request) -> list[Answer]:
        other, _ = answer(request)
        stranger = type(other)(nonce=bytes(16), code=Code.OK, advice_final=True, stored=Stored.STORED)
        return [(stranger, b"not yours"), answer(request, ADVICE)]

    with Router(home.socket, behaviour, owner=ordinary_user()):
        run = home.run("PostToolUse", payload)

    assert run.stdout == ADVICE


@pytest.mark.parametrize("size", [0, 1, 200, 255, 256, 70_000, 1_000_000, 4 << 20])
def test_payloads_of_every_frame_length_arrive_whole(home: HookHome, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    with Router(home.socket, lambda request: [answer(request)], owner=ordinary_user()) as router:
        run = home.run("PostToolUse", content)

    assert run.is_silent
    assert router.requests[0].event.payload == content


def test_a_git_hook_sends_its_arguments_and_working_directory(home: HookHome) -> None:
    commit = "f213407eb1eedfc01b03cea9206c242c9f2d56ca"
    with Router(home.socket, lambda request: [answer(request)], owner=ordinary_user()) as router:
        run = home.run("post-commit", b"", commit, host="git")

    assert run.is_silent
    event = router.requests[0].event
    assert (event.args, event.cwd, event.payload) == ((commit,), str(home.root), b"")


def test_codex_notify_sends_its_argument_without_waiting_for_stdin(home: HookHome) -> None:
    told = '{"type":"agent-turn-complete","thread-id":"t"}'
    with Router(home.socket, lambda request: [answer(request)], owner=ordinary_user()) as router:
        process = home.start("notify", "--via", "settings", told, host="codex")
        process.wait(timeout=20)
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream
            stream.close()

    assert process.returncode == 0
    assert router.requests[0].event.args == (told,)
