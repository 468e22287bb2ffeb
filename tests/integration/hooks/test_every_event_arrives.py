"""Whatever befell the daemon: every event of a session is in the bank once it is back, exactly once.

The real hook and the real daemon, both as an ordinary user.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import apsw
import pytest
from rbtest.between import GoBetween
from rbtest.daemon_process import DaemonProcess, wait_until
from rbtest.hook_home import BOUND_S, HookHome, HookRun, ordinary_user
from rbtest.hook_peers import RawPeer, leave_stale_socket
from rbtest.recorded_session import SESSION, recorded_session

from reasoningbank_daemon.storage.compression import unpack

Trouble = Callable[[HookHome, DaemonProcess], Iterator[None]]


def tell_session(home: HookHome) -> list[HookRun]:
    """Call the hook for each event of the session, as its host would, one after the other."""
    return [home.run(event, payload) for event, payload in recorded_session()]


def absent(_: HookHome, __: DaemonProcess) -> Iterator[None]:
    yield


def stopped_and_continued(_: HookHome, daemon: DaemonProcess) -> Iterator[None]:
    """Each event lies in the spool and in the socket's buffers when it goes on."""
    daemon.start()
    daemon.pause()
    yield
    daemon.resume()


def garbage_in_its_place(home: HookHome, _: DaemonProcess) -> Iterator[None]:
    def pour(connection: socket.socket) -> None:
        connection.sendall(os.urandom(4096))

    with RawPeer(home.socket, pour, owner=ordinary_user()):
        yield


def answering_late(_: HookHome, daemon: DaemonProcess) -> Iterator[None]:
    """The daemon stores each event at once, but the hook has left before it is told."""
    daemon.start()
    with GoBetween(daemon):
        yield


def dying_in_the_middle(_: HookHome, daemon: DaemonProcess) -> Iterator[None]:
    """The daemon is killed as it reads the session's first event: nobody knows whether it was stored."""
    daemon.start()
    with GoBetween(daemon, on_request=daemon.kill):
        yield


def a_stale_socket(home: HookHome, _: DaemonProcess) -> Iterator[None]:
    leave_stale_socket(home.socket, owner=ordinary_user())
    yield


def a_socket_folder_that_may_not_be_entered(home: HookHome, _: DaemonProcess) -> Iterator[None]:
    home.paths.runtime_dir.chmod(0)
    yield
    home.paths.runtime_dir.chmod(0o700)


@pytest.fixture
def daemon(home: HookHome) -> Iterator[DaemonProcess]:
    process = DaemonProcess(home.root, user=ordinary_user())
    yield process
    process.stop_whatever_it_does()


def _receipts(daemon: DaemonProcess) -> int:
    if not daemon.paths.bank.exists():
        return 0
    with closing(apsw.Connection(str(daemon.paths.bank), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        return int(db.execute("SELECT count(*) FROM receipt").get)


def _told(daemon: DaemonProcess) -> dict[str, object]:
    with closing(apsw.Connection(str(daemon.paths.bank), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        return {
            "sessions": db.execute("SELECT count(*) FROM agent_session").get,
            "turns": [
                (unpack(row[0]), row[1], unpack(row[2]))
                for row in db.execute("SELECT prompt, stops, last_message FROM turn")
            ],
            "steps": db.execute("SELECT kind, path, exit_status FROM step ORDER BY at_ns").fetchall(),
            "commands": [
                unpack(row[0]) for row in db.execute("SELECT command FROM step WHERE kind = 1 ORDER BY at_ns")
            ],
            "closed by": db.execute("SELECT closed_by FROM task").fetchall(),
            "intact": db.execute("PRAGMA integrity_check").get,
        }


EXPECTED = {
    "sessions": 1,
    "turns": [("SCN1 make a.py", 1, "All done.")],
    "steps": [
        (0, "/home/user/project/a.py", None),
        (0, "/home/user/project/a.py", None),
        (1, None, 0),
        (1, None, 3),
    ],
    "commands": ["python3 -c 'print(6*7)'", "echo oops >&2; exit 3"],
    "closed by": [("session_end",)],
    "intact": "ok",
}


@pytest.mark.parametrize(
    "trouble",
    [
        absent,
        stopped_and_continued,
        garbage_in_its_place,
        answering_late,
        dying_in_the_middle,
        a_stale_socket,
        a_socket_folder_that_may_not_be_entered,
    ],
)
def test_every_event_is_in_the_bank_once_when_the_daemon_is_back(
    home: HookHome, daemon: DaemonProcess, trouble: Trouble
) -> None:
    with contextmanager(trouble)(home, daemon):
        runs = tell_session(home)
    if daemon.process is None or daemon.process.poll() is not None:
        daemon.start()
    wait_until(
        lambda: _receipts(daemon) == len(SESSION) and not list(home.paths.spool.glob("*.event")),
        what=f"{len(SESSION)} events in the bank and an empty spool",
    )
    daemon.terminate()

    assert all(run.is_silent for run in runs), runs
    assert min(run.wall_s for run in runs) < BOUND_S
    assert _receipts(daemon) == len(SESSION)
    assert _told(daemon) == EXPECTED
    walls_ms = sorted(round(run.wall_s * 1000) for run in runs)
    print(
        f"{trouble.__name__}: {len(runs)} hook calls of {walls_ms[0]} to {walls_ms[-1]} ms, each event once"
    )
