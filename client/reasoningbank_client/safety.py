"""Before a connection: the socket must be the user's own."""

from __future__ import annotations

import os
import stat

from reasoningbank_client.errors import UnreachableError
from reasoningbank_schema.paths import Paths


def check_socket(paths: Paths) -> None:
    """Refuse a socket that is absent, or whose folder others own or may enter.

    Raises
    ------
    UnreachableError
        With what to do about it.
    """
    try:
        folder = paths.runtime_dir.stat()
        paths.socket.lstat()
    except OSError as error:
        raise UnreachableError(f"no daemon listens at {paths.socket}. Start it: reasoningbank up") from error
    if folder.st_uid != os.geteuid() or stat.S_IMODE(folder.st_mode) & 0o077:
        raise UnreachableError(
            f"{paths.runtime_dir} is not ours alone, so whoever listens there is not trusted. "
            f"Look at it with: ls -ld {paths.runtime_dir}"
        )
