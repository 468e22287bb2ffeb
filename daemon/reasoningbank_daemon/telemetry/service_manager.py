"""Tell a service manager (systemd) that the daemon is ready, alive, or on its way out.

The protocol is `sd_notify(3)`: datagrams of ``KEY=value`` lines to the Unix socket named in ``NOTIFY_SOCKET``.
Without that variable every call does nothing.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger(__name__)


class ServiceManager:
    """Send notifications; a manager that has gone away is logged once and never stops the daemon.

    `ping` is called by the poller thread on each of its rounds, and by nobody else: so a loop that hangs stops
    the pings, and the manager restarts the daemon.
    """

    def __init__(
        self,
        address: str | None,
        *,
        ping_every_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = _socket_address(address) if address else None
        self._ping_every_s = ping_every_s
        self._clock = clock
        self._next_ping_s = 0.0
        self._failed = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServiceManager:
        """Read ``NOTIFY_SOCKET`` and the watchdog's variables."""
        return cls(
            environment.get("NOTIFY_SOCKET"),
            ping_every_s=watchdog_interval_s(environment, pid=os.getpid()),
        )

    def ready(self, status: str = "") -> None:
        """Say that requests are answered from now on; `systemctl status` shows the status."""
        self._send("READY=1", f"STATUS={_one_line(status)}" if status else "")

    def stopping(self) -> None:
        """Say that the daemon drains and leaves."""
        self._send("STOPPING=1")

    def ping(self) -> None:
        """Say that the loop is alive, no oftener than half the manager's patience asks for."""
        if self._ping_every_s is None:
            return
        now_s = self._clock()
        if now_s < self._next_ping_s:
            return
        self._next_ping_s = now_s + self._ping_every_s
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        message = "\n".join(line for line in lines if line).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto(message, self._address)
        except OSError as error:
            if not self._failed:
                self._failed = True
                log.warning("service_manager_unreachable", reason=str(error), address=repr(self._address))
        else:
            self._failed = False


def watchdog_interval_s(environment: Mapping[str, str], *, pid: int) -> float | None:
    """Return how often to ping: half of ``WATCHDOG_USEC``, as `sd_watchdog_enabled(3)` advises.

    None when no watchdog is set, when it is meant for another process, or when the value is no number.
    """
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    text = environment.get("WATCHDOG_USEC", "")
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        return None
    return int(text) / 2_000_000


def _socket_address(address: str) -> str:
    """Translate systemd's ``@name`` of an abstract socket to the kernel's leading NUL."""
    return "\0" + address[1:] if address.startswith("@") else address


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
