"""Whatever is broken: status 0, an empty stdout, an end in time, and the event kept where there is a place for it."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import stop_where_it_is, wait_until
from rbtest.hook_home import BOUND_S, HookHome, give_away, ordinary_user, quickest
from rbtest.hook_peers import GREETING, READY, Answer, RawPeer, Request, Router, answer, leave_stale_socket

from reasoningbank_schema import spool
from reasoningbank_schema.envelope import Stored


def assert_kept(home: HookHome, payload: bytes) -> None:
    """Every call's event is in the spool, once."""
    kept = home.spooled()
    assert [event.payload for _, event in kept] == [payload] * home.calls
    assert len({header.nonce for header, _ in kept}) == home.calls
    assert all(header.copy for header, _ in kept)


def test_an_absent_daemon_costs_nothing_and_loses_nothing(home: HookHome, payload: bytes) -> None:
    run = quickest(lambda: home.run("PostToolUse", payload))

    assert run.wall_s < BOUND_S
    assert_kept(home, payload)


def test_calls_of_the_same_event_are_each_kept_under_a_nonce_of_their_own(
    home: HookHome, payload: bytes
) -> None:
    runs = [home.run("PostToolUse", payload) for _ in range(3)]

    assert all(run.is_silent for run in runs)
    assert_kept(home, payload)


def test_a_stale_socket_costs_nothing_and_loses_nothing(home: HookHome, payload: bytes) -> None:
    leave_stale_socket(home.socket, owner=ordinary_user())

    run = quickest(lambda: home.run("PostToolUse", payload))

    assert run.wall_s < BOUND_S
    assert_kept(home, payload)


def test_a_socket_folder_that_may_not_be_entered_loses_nothing(home: HookHome, payload: bytes) -> None:
    home.paths.runtime_dir.chmod(0)
    if ordinary_user() is not None:
        os.chown(home.paths.runtime_dir, 0, 0)

    run = quickest(lambda: home.run("PostToolUse", payload))

    assert run.wall_s < BOUND_S
    assert_kept(home, payload)


STOPPED_PEER = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(int(sys.argv[2]))
print("up", flush=True)
listener.accept()
sys.stdin.read()
"""


@pytest.fixture
def stopped_peer(home: HookHome) -> Iterator[Callable[[int], None]]:
    """A process that listens and is then stopped, as a daemon in a debugger is."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(backlog: int) -> None:
        command = [sys.executable, "-c", STOPPED_PEER, home.socket, str(backlog)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        give_away(home.root)
        stop_where_it_is(process.pid)

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_a_stopped_daemon_delays_by_the_deadline_alone(
    home: HookHome, payload: bytes, stopped_peer: Callable[[int], None]
) -> None:
    stopped_peer(16)

    run = quickest(lambda: home.run("PostToolUse", payload))

    assert run.wall_s < BOUND_S
    assert_kept(home, payload)


def test_a_stopped_daemon_whose_queue_of_connections_is_full_loses_nothing(
    home: HookHome, payload: bytes, stopped_peer: Callable[[int], None]
) -> None:
    stopped_peer(0)
    fillers = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        try:
            filler.connect(home.socket)
        except BlockingIOError:
            break

    run = quickest(lambda: home.run("PostToolUse", payload))

    for filler in fillers:
        filler.close()
    assert run.wall_s < BOUND_S
    assert_kept(home, payload)


def _silent(_: socket.socket) -> None:
    """Accept, and never say a word."""


def _http(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" * 4)


def _endless_noise(connection: socket.socket) -> None:
    def pour() -> None:
        try:
            while True:
                connection.sendall(os.urandom(65536))
        except OSError:
            return

    threading.Thread(target=pour, daemon=True).start()


def _old_zmtp(connection: socket.socket) -> None:
    connection.sendall(b"\xff" + b"\0" * 8 + b"\x7f\x01" + b"\0" * 53)


def _wrong_mechanism(connection: socket.socket) -> None:
    connection.sendall(GREETING.replace(b"NULL\0", b"CURVE"))


def _error_command(connection: socket.socket) -> None:
    connection.sendall(GREETING + b"\x04\x09\x05ERROR\x02no")


def _handshake_then_gone(connection: socket.socket) -> None:
    connection.sendall(GREETING + READY)
    connection.recv(65536)
    connection.close()


def _handshake_then_noise(connection: socket.socket) -> None:
    connection.sendall(GREETING + READY + bytes(range(256)) * 40)


def _handshake_then_a_huge_frame(connection: socket.socket) -> None:
    connection.sendall(GREETING + READY + b"\x02" + b"\xff" * 8 + b"x" * 1000)


def _handshake_then_strange_messages(connection: socket.socket) -> None:
    connection.sendall(
        GREETING + READY + b"\x00\x00" + b"\x01\x03abc\x00\x03def" + b"\x01\x18" + b"R" * 24 + b"\x00\x01x"
    )


def _half_a_greeting(connection: socket.socket) -> None:
    connection.sendall(GREETING[:32])
    connection.close()


@pytest.mark.parametrize(
    "peer",
    [
        _silent,
        _http,
        _endless_noise,
        _old_zmtp,
        _wrong_mechanism,
        _error_command,
        _half_a_greeting,
        _handshake_then_gone,
        _handshake_then_noise,
        _handshake_then_a_huge_frame,
        _handshake_then_strange_messages,
    ],
)
def test_a_peer_that_is_not_the_daemon_delays_by_the_deadline_at_most(
    home: HookHome, payload: bytes, peer: Callable[[socket.socket], None]
) -> None:
    with RawPeer(home.socket, peer, owner=ordinary_user()):
        run = quickest(lambda: home.run("PostToolUse", payload))

    assert run.wall_s < BOUND_S
    assert_kept(home, payload)


def test_an_answer_after_the_deadline_is_not_waited_for_and_the_event_counts_once(
    home: HookHome, payload: bytes
) -> None:
    release = threading.Event()

    def late(request: Request) -> list[Answer]:
        release.wait(20)
        return [answer(request, b"too late")]

    with Router(home.socket, late, owner=ordinary_user()) as router:
        run = home.run("PostToolUse", payload)
        release.set()
        wait_until(lambda: bool(router.requests), what="the request to be read")

    assert run.is_silent
    [(header, event)] = home.spooled()
    assert (header.nonce, event) == (router.requests[0].header.nonce, router.requests[0].event)


def test_a_daemon_that_only_ever_gives_advice_leaves_the_event_to_the_spool(
    home: HookHome, payload: bytes
) -> None:
    with Router(
        home.socket, lambda request: [answer(request, b"{}", stored=Stored.PENDING)], owner=ordinary_user()
    ):
        run = home.run("PostToolUse", payload)

    assert (run.status, run.stdout) == (0, b"{}")
    assert [event.payload for _, event in home.spooled()] == [payload]


def test_an_answer_in_another_version_of_the_protocol_is_not_believed(home: HookHome, payload: bytes) -> None:
    def newer(request: Request) -> list[Answer]:
        header, body = answer(request, b"{}")
        return [(type(header)(nonce=header.nonce, version=9), body)]

    with Router(home.socket, newer, owner=ordinary_user()):
        run = quickest(lambda: home.run("PostToolUse", payload))

    assert run.wall_s < BOUND_S
    assert_kept(home, payload)


def test_a_home_that_is_read_only_costs_nothing(home: HookHome, payload: bytes) -> None:
    home.paths.state_dir.chmod(0o500)

    run = quickest(lambda: home.run("PostToolUse", payload))

    assert run.wall_s < BOUND_S
    assert home.spooled() == []


def test_a_spool_that_others_may_enter_is_refused(home: HookHome, payload: bytes) -> None:
    home.paths.spool.mkdir()
    home.paths.spool.chmod(0o755)
    give_away(home.root)

    run = home.run("PostToolUse", payload)

    assert run.is_silent
    assert list(home.paths.spool.iterdir()) == []


def test_a_spool_that_is_a_link_is_refused(home: HookHome, payload: bytes) -> None:
    elsewhere = home.root / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    home.paths.spool.symlink_to(elsewhere)
    give_away(home.root)

    run = home.run("PostToolUse", payload)

    assert run.is_silent
    assert list(elsewhere.iterdir()) == []


def test_a_full_disk_costs_nothing_and_leaves_nothing_half_written(home: HookHome, payload: bytes) -> None:
    """A file size limit stands for the full disk: writing fails in the middle of the entry."""
    home.paths.spool.mkdir(mode=0o700)
    give_away(home.root)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, before[1]))
    try:
        run = quickest(lambda: home.run("PostToolUse", payload))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert run.wall_s < BOUND_S
    assert list(home.paths.spool.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
def test_a_file_system_without_space_costs_nothing(home: HookHome) -> None:
    state = home.paths.state_dir
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", state], check=False)
    if mounted.returncode:
        pytest.skip("this container may not mount")
    try:
        give_away(state)
        (state / "filler").write_bytes(b"\0" * 60 * 1024)

        run = quickest(lambda: home.run("PostToolUse", json.dumps({"x": "y" * 50_000}).encode()))

        assert run.wall_s < BOUND_S
        assert [path.name for path in state.rglob("*") if path.suffix in (".event", ".part")] == []
    finally:
        subprocess.run(["umount", state], check=True)


def test_a_spool_that_is_full_costs_no_more_than_time_allows_and_drops_the_oldest(
    home: HookHome, payload: bytes, tmp_path: Path
) -> None:
    most = spool.DEFAULT_LIMITS.count
    folder = home.paths.spool
    folder.mkdir(mode=0o700)
    for start in range(0, most, 250):
        part = tmp_path / str(start)  # a full folder is read at each writing
        for number in range(start, start + 250):
            header = b"RB\x01\0" + number.to_bytes(16, "big") + (number + 1).to_bytes(8, "big") + bytes(4)
            spool.write_entry(str(part), header, b"\x80", sync=lambda _: None)
        for file in part.glob("*.event"):
            file.rename(folder / file.name)
    give_away(folder)

    run = quickest(lambda: home.run("PostToolUse", payload))

    names = sorted(path.name for path in folder.glob("*.event"))
    assert run.wall_s < BOUND_S
    assert len(names) == most
    assert int(names[0][:20]) == home.calls + 1
    assert (folder / "dropped.count").stat().st_size == home.calls


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_host_that_ends_the_hook_early_loses_nothing(
    home: HookHome, payload: bytes, number: signal.Signals
) -> None:
    heard = threading.Event()

    def read_and_say_nothing(connection: socket.socket) -> None:
        connection.sendall(GREETING + READY)
        got = 0
        while got < len(payload):
            got += len(connection.recv(65536))
        heard.set()

    with RawPeer(home.socket, read_and_say_nothing, owner=ordinary_user()):
        process = home.start("PostToolUse")
        assert process.stdin
        process.stdin.write(payload)
        process.stdin.close()
        process.stdin = None
        assert heard.wait(20)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=20)

    assert (process.returncode, stdout, stderr) == (0, b"", b"")
    assert [event.payload for _, event in home.spooled()] == [payload]


def test_a_stdout_that_nobody_reads_does_not_lose_the_event(home: HookHome, payload: bytes) -> None:
    behaviour = lambda request: [answer(request, b"{}", stored=Stored.NOT_STORED)]  # noqa: E731 (one line)
    with Router(home.socket, behaviour, owner=ordinary_user()):
        process = home.start("PostToolUse")
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(payload)
        process.stdin.close()
        stderr = process.stderr.read()
        process.stderr.close()

    assert (process.wait(timeout=20), stderr) == (0, b"")
    assert [event.payload for _, event in home.spooled()] == [payload]


@pytest.mark.parametrize("arguments", [[], ["claude-code"]])
def test_a_call_without_its_arguments_is_silent(home: HookHome, arguments: list[str]) -> None:
    done = subprocess.run(
        [str(home.program.executable), *arguments],
        input=b"{}",
        capture_output=True,
        user=ordinary_user(),
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
