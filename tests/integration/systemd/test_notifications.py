from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.wire import Wire

from reasoningbank_schema.messages import Control, ControlAction

PATIENCE_S = 2.0

HANG = """
import threading
from reasoningbank_daemon import main
from reasoningbank_daemon.dispatch import Dispatcher
Dispatcher.take = lambda self, frames: threading.Event().wait()
raise SystemExit(main.main([]))
"""


@contextmanager
def notify_socket(home: Path) -> Iterator[socket.socket]:
    """Listen as a service manager does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(home / "notify"))
        channel.settimeout(60)
        yield channel


def environment(home: Path) -> dict[str, str]:
    return {
        "NOTIFY_SOCKET": str(home / "notify"),
        "WATCHDOG_USEC": str(round(PATIENCE_S * 1e6)),
    }


def test_ready_is_said_when_the_daemon_answers_and_stopping_when_it_drains() -> None:
    with scratch_home() as home, notify_socket(home) as manager:
        daemon = DaemonProcess(home, environment=environment(home))
        daemon.start(wait=False)

        ready = manager.recv(4096)
        with Wire(daemon.paths.endpoint) as wire:
            answer = wire.ask(Control(action=ControlAction.PING), timeout_s=30)
        status = daemon.terminate()
        last = [message for message in _waiting(manager) if message != b"WATCHDOG=1"]

        assert ready.startswith(b"READY=1\nSTATUS=serving")
        assert answer is not None
        assert status == 0
        assert last == [b"STOPPING=1"]


def test_pings_come_twice_within_the_managers_patience() -> None:
    with (
        scratch_home() as home,
        notify_socket(home) as manager,
        DaemonProcess(home, environment=environment(home)),
    ):
        manager.settimeout(PATIENCE_S)

        messages = [manager.recv(4096) for _ in range(5)]

        # A ping that took longer than the patience would have been a timeout above.
        assert messages.count(b"WATCHDOG=1") >= 4


def test_pings_stop_when_the_poller_hangs() -> None:
    with scratch_home() as home, notify_socket(home) as manager:
        process = subprocess.Popen(
            [sys.executable, "-c", HANG],
            env={**os.environ, "RB_HOME": str(home), **environment(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            messages = [manager.recv(4096), manager.recv(4096)]
            # The first request is the one that the poller never comes back from.
            with Wire(f"ipc://{home}/run/bus.sock") as wire:
                wire.ask(Control(action=ControlAction.PING), timeout_s=0.5)
            wait_until(lambda: not _waiting(manager), what="the pings that were under way")
            manager.settimeout(2 * PATIENCE_S)
            silent = _is_silent(manager)
            alive = process.poll() is None
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

        assert messages[0].startswith(b"READY=1")
        assert messages[1] == b"WATCHDOG=1"
        assert (silent, alive) == (True, True)


def _waiting(channel: socket.socket) -> list[bytes]:
    """Take what has arrived so far."""
    found = []
    while select.select([channel], [], [], 0)[0]:
        found.append(channel.recv(4096))
    return found


def _is_silent(channel: socket.socket) -> bool:
    try:
        channel.recv(4096)
    except TimeoutError:
        return True
    return False
