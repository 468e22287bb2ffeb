"""Who is connected, as the kernel tells."""

from __future__ import annotations

from pathlib import Path

_CONNECTED = "03"
"""`SS_CONNECTED` in the state column of ``/proc/net/unix``."""


def connected_clients(socket: Path, *, table: Path = Path("/proc/net/unix")) -> int:
    """Count the connections that the socket's owner has accepted.

    Asked rarely (before an idle daemon leaves), so reading the kernel's table beats following every
    connection with a monitor socket. Where there is no such table, 0.
    """
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    except OSError:
        return 0
    wanted = str(socket)
    rows = (line.split(maxsplit=7) for line in lines)
    return sum(1 for row in rows if len(row) == 8 and row[7] == wanted and row[5] == _CONNECTED)
