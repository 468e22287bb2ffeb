"""What each request is answered, and what its sender learns of its event."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import pytest
from rbtest.daemon_process import wait_until

from reasoningbank_daemon.dispatch import INLINE_DECODE_BYTES, Dispatcher, Lanes
from reasoningbank_daemon.services.container import Services
from reasoningbank_schema.envelope import (
    MAX_BODY_BYTES,
    AnswerHeader,
    Code,
    RequestHeader,
    Stored,
    pack_request,
    unpack_answer,
)
from reasoningbank_schema.messages import (
    Control,
    ControlAction,
    Done,
    EndSession,
    Failure,
    Feedback,
    HookEvent,
    PreTask,
    Rating,
    Receipt,
    Remember,
    Reply,
    Request,
    decode_reply,
    encode_request,
)


def at_once(work: Callable[[], None]) -> bool:
    work()
    return True


def full(_work: Callable[[], None]) -> bool:
    return False


def broken(_work: Callable[[], None]) -> bool:
    raise RuntimeError("this lane is broken")


def pong(_request: Control) -> Reply:
    return Done()


@dataclass
class Desk:
    """A dispatcher over a real bank, whose workers are the calling thread."""

    services: Services
    lanes: Lanes = field(default_factory=lambda: Lanes(at_once, at_once, at_once))
    control: Callable[[Control], Reply] = pong
    answers: list[tuple[AnswerHeader, bytes]] = field(default_factory=list)

    def ask(self, request: Request | bytes, *, version: int = 1) -> list[tuple[AnswerHeader, bytes]]:
        """Hand one request in and return its answers once everything has been said."""
        lock = threading.Lock()  # the writer answers on its own thread

        def send(frames: list[bytes]) -> None:
            with lock:
                self.answers.append((unpack_answer(frames[1]), frames[2]))

        def post(delivery: Callable[[], None]) -> None:
            with lock_delivery:
                delivery()

        lock_delivery = threading.RLock()
        dispatcher = Dispatcher(
            self.services, lanes=self.lanes, send=send, post=post, control=self.control, status=Done
        )
        header = RequestHeader(nonce=os.urandom(16), sent_ns=1, deadline_ms=60_000, version=version)
        body = request if isinstance(request, bytes) else encode_request(request)
        self.answers.clear()
        dispatcher.take([b"peer", pack_request(header), body])
        wait_until(self.all_said, what="both halves of the answer")
        return self.answers

    def all_said(self) -> bool:
        return any(
            header.advice_final and header.stored is not Stored.PENDING for header, _ in list(self.answers)
        )


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(services)


def test_request_of_another_version_is_not_stored_so_that_its_sender_keeps_it(desk: Desk) -> None:
    [(header, body)] = desk.ask(EndSession(session="s"), version=9)

    reply = decode_reply(body)
    assert (header.code, header.stored, header.version) == (Code.WRONG_VERSION, Stored.NOT_STORED, 1)
    assert isinstance(reply, Failure)
    assert "this daemon speaks protocol 1, the request 9" in reply.message
    assert desk.services.store.counts().sequence == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\x81\xa4type\xa7unknown", Code.UNKNOWN_MESSAGE),
        (b"\x81\xa4type\xa8pre_task", Code.MALFORMED),
        (b"\xc1", Code.MALFORMED),
        (b"\xa2\xff\xfe", Code.MALFORMED),
        (bytes(MAX_BODY_BYTES + 1), Code.TOO_LARGE),
    ],
)
def test_body_that_no_daemon_takes_is_refused_for_good(desk: Desk, body: bytes, code: Code) -> None:
    [(header, answered)] = desk.ask(body)

    assert (header.code, header.stored) == (code, Stored.REFUSED)
    assert isinstance(decode_reply(answered), Failure)
    assert desk.services.counters.get("malformed") == 1


def test_payload_that_nobody_understands_is_refused_and_a_sample_of_it_kept(desk: Desk) -> None:
    [(header, body)] = desk.ask(HookEvent(host="claude-code", event="Stop", payload=b"no JSON"))

    desk.services.store.flush(timeout_s=10)
    assert (header.code, header.stored) == (Code.REFUSED, Stored.REFUSED)
    assert isinstance(decode_reply(body), Failure)
    assert desk.services.counters.get("rejected") == 1
    assert desk.services.store.counts().sequence == 1


def test_record_that_can_never_be_stored_is_refused_with_the_reason(desk: Desk) -> None:
    [(header, body)] = desk.ask(Feedback(rating=Rating.GOOD, task_id=999))

    reply = decode_reply(body)
    assert (header.code, header.stored) == (Code.OK, Stored.REFUSED)
    assert isinstance(reply, Failure)
    assert "999" in reply.message


def test_typed_event_that_can_not_be_stored_now_says_why(desk: Desk) -> None:
    desk.services.store.close()

    [(header, body)] = desk.ask(Remember(text="The parser needs UTF-8"))

    assert (header.code, header.stored) == (Code.OK, Stored.NOT_STORED)
    assert decode_reply(body) == Failure(message="the store is closing")


def test_hook_is_told_that_nothing_was_stored_without_a_text_to_print(desk: Desk) -> None:
    desk.services.store.close()
    payload = msgspec.json.encode({"session_id": "s", "hook_event_name": "Stop"})

    [(header, body)] = desk.ask(HookEvent(host="claude-code", event="Stop", payload=payload))

    assert (header.code, header.stored, body) == (Code.OK, Stored.NOT_STORED, b"")


def test_advice_and_receipt_come_apart_and_neither_waits_for_the_other(desk: Desk) -> None:
    answers = desk.ask(PreTask(session="s", prompt="fix the parser"))

    kinds = {type(decode_reply(body)).__name__ for _, body in answers}
    assert kinds == {"TaskAdvice", "Receipt"}
    assert {header.code for header, _ in answers} == {Code.OK}


def test_full_pool_is_busy_and_the_event_is_stored_all_the_same(desk: Desk) -> None:
    desk.lanes = Lanes(full, full, full)

    answers = desk.ask(PreTask(session="s", prompt="fix the parser"))

    assert {header.code for header, _ in answers} == {Code.OK, Code.BUSY}
    assert Stored.STORED in {header.stored for header, _ in answers}
    assert Receipt in {type(decode_reply(body)) for _, body in answers}
    assert desk.services.store.counts().tasks == 1


def test_defect_before_the_writer_has_the_event_leaves_it_to_its_sender(desk: Desk) -> None:
    desk.lanes = Lanes(at_once, at_once, large=broken)
    large = Remember(text="x" * (INLINE_DECODE_BYTES + 1))

    [(header, body)] = desk.ask(large)

    assert (header.code, header.stored) == (Code.INTERNAL, Stored.NOT_STORED)
    assert decode_reply(body) == Failure(message="a defect in the daemon; see: reasoningbank logs")
    assert desk.services.counters.get("defects") == 1


def test_large_event_is_understood_by_a_worker_and_stored(desk: Desk) -> None:
    [(header, body)] = desk.ask(Remember(text="word " * INLINE_DECODE_BYTES))

    assert (header.code, header.stored) == (Code.OK, Stored.STORED)
    assert isinstance(decode_reply(body), Receipt)


def test_control_that_fails_is_a_defect_that_is_answered(desk: Desk) -> None:
    def fail(_request: Control) -> Reply:
        raise OSError("the configuration can't be read")

    desk.control = fail

    [(header, _)] = desk.ask(Control(action=ControlAction.RELOAD))

    assert header.code is Code.INTERNAL


@pytest.mark.parametrize("frames", [[], [b"peer"], [b"peer", b"RB", b""], [b"a", b"b", b"c", b"d"]])
def test_frames_without_a_header_are_counted_and_not_answered(desk: Desk, frames: list[bytes]) -> None:
    sent: list[list[bytes]] = []
    dispatcher = Dispatcher(
        desk.services, lanes=desk.lanes, send=sent.append, post=lambda work: work(), control=pong, status=Done
    )

    dispatcher.take(frames)

    assert sent == []
    assert desk.services.counters.get("malformed") == 1
