"""Before a connection: the socket must be the user's own, and somebody must listen."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

from reasoningbank_client.errors import DaemonAbsentError, UnsafeSocketError
from reasoningbank_schema.paths import SOCKET_PATH_LIMIT_BYTES

START_IT = "Start it: reasoningbank up"


def check_socket(path: Path) -> None:
    """Return when a daemon of ours listens at ``path``; costs one connection to it.

    ZeroMQ would wait in silence for a daemon that is not there, and connect to whoever listens.

    Raises
    ------
    UnsafeSocketError
        When the path is too long for a socket, or its folder is someone else's or open to others.
    DaemonAbsentError
        When there is no socket, or nobody listens at it.
    """
    length = len(os.fsencode(path))
    if length > SOCKET_PATH_LIMIT_BYTES:
        raise UnsafeSocketError(
            f"{path} has {length} bytes, but a Unix socket's path may have {SOCKET_PATH_LIMIT_BYTES}. "
            "Set RB_HOME or XDG_RUNTIME_DIR to a shorter folder"
        )
    _check_folder(path.parent)
    _check_listener(path)


def _check_folder(folder: Path) -> None:
    try:
        status = folder.lstat()
    except FileNotFoundError as error:
        raise DaemonAbsentError(f"no daemon is running: there is no {folder}. {START_IT}") from error
    except OSError as error:
        raise UnsafeSocketError(
            f"{folder} can't be inspected: {error.strerror}. Try: ls -ld {folder}"
        ) from error
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISDIR(status.st_mode):
        raise UnsafeSocketError(
            f"{folder} is not a folder, so your daemon did not create it. See: ls -ld {folder}"
        )
    if status.st_uid != os.geteuid():
        raise UnsafeSocketError(
            f"{folder} belongs to user {status.st_uid}, you are {os.geteuid()}: whoever listens there is not "
            f"your daemon. Run this program as that user, or set RB_HOME to a folder of your own"
        )
    if mode & 0o077:
        raise UnsafeSocketError(
            f"{folder} has mode {mode:04o}: others may enter it, so it is not certain who is listening there. "
            f"Close it: chmod 700 {folder}"
        )


def _check_listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        error = probe.connect_ex(os.fspath(path))
    if error in (0, errno.EAGAIN):  # EAGAIN: it listens, and more clients are waiting than it accepts
        return
    if error in (errno.ENOENT, errno.ENOTDIR):
        raise DaemonAbsentError(f"no daemon is running: there is no {path}. {START_IT}")
    if error == errno.ECONNREFUSED:
        raise DaemonAbsentError(
            f"no daemon is listening at {path}: the last one died and left its socket. {START_IT}"
        )
    raise UnsafeSocketError(f"{path} can't be connected to: {os.strerror(error)}. See: ls -l {path}")
