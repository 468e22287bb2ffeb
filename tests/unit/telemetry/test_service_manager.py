from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from reasoningbank_daemon.telemetry import ServiceManager, watchdog_interval_s


@pytest.fixture(params=["path", "abstract"])
def manager_socket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@rb-{uuid.uuid4().hex}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0" + name[1:] if name.startswith("@") else name)
        channel.settimeout(5)
        yield channel, name


def test_ready_and_stopping_reach_the_socket(manager_socket: tuple[socket.socket, str]) -> None:
    channel, name = manager_socket
    manager = ServiceManager.from_environment({"NOTIFY_SOCKET": name})

    manager.ready("serving\nREADY=0")
    manager.stopping()

    assert channel.recv(1000) == b"READY=1\nSTATUS=serving READY=0"
    assert channel.recv(1000) == b"STOPPING=1"


def test_pings_are_sent_at_half_the_watchdogs_patience(manager_socket: tuple[socket.socket, str]) -> None:
    channel, name = manager_socket
    now = [100.0]
    manager = ServiceManager(name, ping_every_s=5.0, clock=lambda: now[0])

    for at in (100.0, 101.0, 104.9, 105.0, 109.0, 110.1):
        now[0] = at
        manager.ping()
    manager.stopping()

    received = [channel.recv(1000) for _ in range(4)]
    assert received == [b"WATCHDOG=1"] * 3 + [b"STOPPING=1"]


def test_without_a_service_manager_every_call_does_nothing() -> None:
    manager = ServiceManager.from_environment({})

    with capture_logs() as lines:
        manager.ready()
        manager.ping()
        manager.stopping()

    assert lines == []


def test_manager_that_is_gone_is_logged_once_and_does_not_stop_the_daemon(tmp_path: Path) -> None:
    manager = ServiceManager(str(tmp_path / "gone"), ping_every_s=1.0)

    with capture_logs() as lines:
        manager.ready()
        manager.ping()

    assert [line["event"] for line in lines] == ["service_manager_unreachable"]


@pytest.mark.parametrize(
    ("environment", "expected_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "\u0663"}, None),
        ({}, None),
    ],
)
def test_watchdog_interval_is_read_as_systemd_says(
    environment: dict[str, str], expected_s: float | None
) -> None:
    assert watchdog_interval_s(environment, pid=77) == expected_s


def test_watchdog_of_this_process_is_taken_from_the_environment(
    manager_socket: tuple[socket.socket, str],
) -> None:
    channel, name = manager_socket
    environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}

    ServiceManager.from_environment(environment).ping()

    assert channel.recv(1000) == b"WATCHDOG=1"
