"""What a program is told when the daemon is absent, slow, full, stopping, of another version, or no daemon at all."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from rbtest.client_peers import Caller, Heard, Peer
from rbtest.daemon_process import wait_until
from rbtest.hook_peers import RawPeer, leave_stale_socket

from reasoningbank_client import (
    BusyError,
    DaemonAbsentError,
    DaemonFaultError,
    DeadlineError,
    NotStoredError,
    ProtocolError,
    ReasoningBankError,
    RefusedError,
    SpoolWriteError,
    StoppingError,
    TooLargeError,
    UnsafeSocketError,
    VersionMismatchError,
    Wait,
)
from reasoningbank_schema.envelope import Code, RequestHeader, Stored, unpack_request
from reasoningbank_schema.messages import Done, Failure, PostCommand, Recalled, Receipt, decode_request
from reasoningbank_schema.paths import Paths
from reasoningbank_schema.spool import list_entries, read_entry

SECRET = "ghp_" + "a1B2" * 9

ENDINGS = [
    (Code.UNKNOWN_MESSAGE, Stored.REFUSED, ProtocolError, False),
    (Code.MALFORMED, Stored.REFUSED, ProtocolError, False),
    (Code.REFUSED, Stored.REFUSED, RefusedError, False),
    (Code.TOO_LARGE, Stored.REFUSED, TooLargeError, False),
    (Code.WRONG_VERSION, Stored.NOT_STORED, VersionMismatchError, True),
]


def silent(_heard: Heard) -> Iterable[list[bytes]]:
    return ()


def moved_aside(paths: Paths) -> Paths:
    """Return where the next daemon makes its socket before it takes the place of the last one's."""
    return msgspec.structs.replace(paths, runtime_dir=paths.runtime_dir / "next")


def spooled_commands(paths: Paths) -> list[PostCommand]:
    """Return the commands in the spool, decoded as a daemon would."""
    found = []
    for name in list_entries(str(paths.spool)):
        request = decode_request(read_entry(str(paths.spool), name).body)
        assert isinstance(request, PostCommand)
        found.append(request)
    return found


def test_both_halves_are_waited_for_in_either_order(caller: Caller, paths: Paths) -> None:
    def stored_first(heard: Heard) -> Iterable[list[bytes]]:
        yield heard.answer(Receipt(sequence=7), final=False)
        yield heard.answer(Done(), stored=Stored.PENDING)

    with Peer(paths, stored_first):
        answer = caller.event(paths)

    assert (answer.stored, answer.receipt) == (Stored.STORED, Receipt(sequence=7))


def test_advice_alone_does_not_wait_for_the_disk(caller: Caller, paths: Paths) -> None:
    with Peer(paths, lambda heard: [heard.answer(Done(), stored=Stored.PENDING)]):
        answer = caller.event(paths, wait=Wait.ADVICE)

    assert answer.stored is Stored.PENDING


def test_busy_daemon_stores_the_event_and_says_why_there_is_no_advice(caller: Caller, paths: Paths) -> None:
    def busy(heard: Heard) -> Iterable[list[bytes]]:
        yield heard.failure(Code.BUSY, stored=Stored.PENDING)
        yield heard.answer(Receipt(sequence=1), final=False)

    with Peer(paths, busy):
        answer = caller.event(paths)

    assert (answer.stored, answer.code, answer.why) == (Stored.STORED, Code.BUSY, "because BUSY")


def test_busy_daemon_leaves_a_question_unanswered(caller: Caller, paths: Paths) -> None:
    with Peer(paths, lambda heard: [heard.failure(Code.BUSY)]), pytest.raises(BusyError, match="Ask again"):
        caller.call(paths, "recall", "anything")


def test_defect_in_the_daemon_is_not_the_callers_fault(caller: Caller, paths: Paths) -> None:
    with (
        Peer(paths, lambda heard: [heard.failure(Code.INTERNAL)]),
        pytest.raises(DaemonFaultError, match="reasoningbank logs"),
    ):
        caller.call(paths, "recall", "anything")


@pytest.mark.parametrize(("code", "stored", "kind", "kept"), ENDINGS)
def test_code_that_ends_a_request_is_its_own_error_and_only_a_hopeless_event_is_dropped(
    caller: Caller, paths: Paths, code: Code, stored: Stored, kind: type[ReasoningBankError], *, kept: bool
) -> None:
    with (
        Peer(paths, lambda heard: [heard.failure(code, stored=stored)]),
        pytest.raises(kind) as caught,
    ):
        caller.event(paths, spool=True)

    assert f"because {code.name}" in str(caught.value)
    assert caught.value.stored is stored
    assert (caught.value.spooled is not None) is kept
    assert len(spooled_commands(paths)) == int(kept)


def test_answer_of_another_version_is_a_mismatch_and_the_event_is_kept(caller: Caller, paths: Paths) -> None:
    with (
        Peer(paths, lambda heard: [heard.answer(Done(), version=9)]),
        pytest.raises(VersionMismatchError, match="protocol 9") as caught,
    ):
        caller.event(paths, spool=True)

    assert (caught.value.ours, caught.value.theirs) == (1, 9)
    assert [command.command for command in spooled_commands(paths)] == ["make"]


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (lambda heard: [heard.failure(Code.STOPPING, stored=Stored.NOT_STORED)], StoppingError),
        (
            lambda heard: [heard.answer(Failure(message="disk full"), stored=Stored.NOT_STORED)],
            NotStoredError,
        ),
        (silent, DeadlineError),
    ],
    ids=["stopping", "not stored", "silent"],
)
def test_event_that_may_be_stored_later_goes_to_the_spool_or_raises(
    caller: Caller,
    paths: Paths,
    behaviour: Callable[[Heard], Iterable[list[bytes]]],
    kind: type[ReasoningBankError],
) -> None:
    with Peer(paths, behaviour) as peer:
        with pytest.raises(kind) as caught:
            caller.event(paths, timeout_s=0.3)
        answer = caller.event(paths, timeout_s=0.3, spool=True)

        nonces = {heard.header.nonce for heard in peer.heard}
    assert caught.value.stored is not Stored.STORED
    assert answer.spooled is not None
    assert answer.why
    assert [command.command for command in spooled_commands(paths)] == ["make"]
    header = unpack_request(read_entry(str(paths.spool), answer.spooled).header)
    assert header.nonce in nonces
    assert header.copy


def test_refused_event_is_not_kept(caller: Caller, paths: Paths) -> None:
    def refuse(heard: Heard) -> Iterable[list[bytes]]:
        yield heard.answer(Failure(message="no such session"), stored=Stored.REFUSED)

    with Peer(paths, refuse), pytest.raises(RefusedError, match="no such session"):
        caller.event(paths, spool=True)

    assert spooled_commands(paths) == []


def test_absent_daemon_is_named_and_a_spooled_event_is_not_lost(caller: Caller, paths: Paths) -> None:
    with pytest.raises(DaemonAbsentError, match="reasoningbank up"):
        caller.event(paths)

    answer = caller.event(paths, spool=True)

    assert "reasoningbank up" in answer.why
    assert answer.code is None
    assert len(spooled_commands(paths)) == 1


def test_socket_that_a_dead_daemon_left_is_told_from_none(caller: Caller, paths: Paths) -> None:
    paths.socket.parent.mkdir(mode=0o700, parents=True)
    leave_stale_socket(str(paths.socket), owner=None)

    with pytest.raises(DaemonAbsentError, match="the last one died"):
        caller.call(paths, "ping")


def test_folder_that_others_may_enter_is_not_connected_to(caller: Caller, paths: Paths) -> None:
    with Peer(paths, silent) as peer:
        paths.socket.parent.chmod(0o755)

        with pytest.raises(UnsafeSocketError, match="chmod 700"):
            caller.call(paths, "ping")

        assert peer.heard == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of another user's")
def test_folder_of_another_user_is_not_connected_to(caller: Caller, paths: Paths) -> None:
    with Peer(paths, silent) as peer:
        os.chown(paths.socket.parent, 65534, 65534)

        with pytest.raises(UnsafeSocketError, match="belongs to user 65534"):
            caller.call(paths, "ping")

        assert peer.heard == []


@pytest.mark.parametrize(
    "noise", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\xff" * 4096], ids=["none", "http", "ff"]
)
def test_peer_that_speaks_another_language_ends_with_the_deadline_or_the_hang_up(
    caller: Caller, paths: Paths, noise: bytes
) -> None:
    def babble(connection: socket.socket) -> None:
        connection.sendall(noise)

    paths.socket.parent.mkdir(mode=0o700, parents=True)
    with (
        RawPeer(str(paths.socket), babble, owner=None),
        pytest.raises((DeadlineError, DaemonAbsentError)) as caught,
    ):
        caller.event(paths, timeout_s=0.5)

    assert caught.value.stored is Stored.PENDING


def test_messages_that_are_no_answer_to_this_call_are_passed_over(caller: Caller, paths: Paths) -> None:
    def noisy(heard: Heard) -> Iterable[list[bytes]]:
        yield [b"noise"]
        yield [b"noise", b"more", b"and more"]
        other = Heard(header=RequestHeader(nonce=b"x" * 16, sent_ns=0), request=heard.request)
        yield other.answer(Failure(message="not yours"), code=Code.REFUSED, stored=Stored.REFUSED)
        yield heard.answer(Receipt(sequence=3))

    with Peer(paths, noisy):
        answer = caller.event(paths)

    assert answer.receipt == Receipt(sequence=3)


@pytest.mark.parametrize("body", [b"\xc1", b"\x81\xa4type\xa5alien", b"not msgpack"])
def test_body_that_makes_no_sense_is_a_protocol_error(caller: Caller, paths: Paths, body: bytes) -> None:
    with (
        Peer(paths, lambda heard: [heard.answer(body)]),
        pytest.raises(ProtocolError, match="does not understand"),
    ):
        caller.event(paths)


def test_reply_of_another_kind_is_a_protocol_error(caller: Caller, paths: Paths) -> None:
    with (
        Peer(
            paths,
            lambda heard: [
                heard.answer(
                    Recalled(experiences=(), embedder="lexical", threshold=1.0, threshold_basis="none"),
                    stored=Stored.NOTHING,
                )
            ],
        ),
        pytest.raises(ProtocolError, match="the daemon sent Recalled"),
    ):
        caller.call(paths, "status")


def test_daemon_that_is_replaced_meanwhile_gets_the_event_again_under_the_same_nonce(
    caller: Caller, paths: Paths
) -> None:
    def hang_up_once(connection: socket.socket) -> None:
        connection.close()

    paths.socket.parent.mkdir(mode=0o700, parents=True)
    with (
        RawPeer(str(paths.socket), hang_up_once, owner=None),
        pytest.raises(DaemonAbsentError, match="hung up"),
    ):
        caller.event(paths, timeout_s=5)
    paths.socket.unlink()
    with Peer(paths, silent) as stopped, ThreadPoolExecutor() as pool:
        call = pool.submit(caller.event, paths)
        wait_until(lambda: bool(stopped.heard), what="the first daemon to read the event")
        with Peer(moved_aside(paths), lambda each: [each.answer(Receipt(sequence=5))]) as next_one:
            moved_aside(paths).socket.replace(paths.socket)
            stopped.hang_up()
            answer = call.result(timeout=10)
            heard = [*stopped.heard, *next_one.heard]

    assert answer.receipt == Receipt(sequence=5)
    assert len({each.header.nonce for each in heard}) == 1
    assert [each.header.copy for each in heard] == [False, True]


def test_event_that_nobody_could_keep_is_said_to_be_lost(caller: Caller, paths: Paths) -> None:
    paths.spool.parent.mkdir(parents=True, exist_ok=True)
    paths.spool.write_text("a file where the folder should be", encoding="utf-8")

    with pytest.raises(SpoolWriteError, match="the event is lost unless you keep it") as caught:
        caller.event(paths, spool=True)

    assert caught.value.__cause__ is not None


def test_spooled_event_holds_no_secret(caller: Caller, paths: Paths) -> None:
    caller.call(
        paths, "post_command", "s", f"curl -H 'Authorization: Bearer {SECRET}'", exit_status=0, spool=True
    )

    [command] = spooled_commands(paths)
    assert SECRET not in command.command
    assert command.command.startswith("curl -H")
    assert all(SECRET.encode() not in file.read_bytes() for file in paths.spool.iterdir())


def test_timeout_that_would_never_end_is_refused(caller: Caller, paths: Paths) -> None:
    for timeout_s in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="positive number of seconds"):
            caller.event(paths, timeout_s=timeout_s)


def test_request_over_the_protocols_size_never_leaves(caller: Caller, paths: Paths) -> None:
    with Peer(paths, silent) as peer:
        with pytest.raises(TooLargeError, match="Send less of it"):
            caller.call(paths, "remember", "x" * (64 * 1024 * 1024))

        assert peer.heard == []
