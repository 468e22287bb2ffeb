"""The folders the daemon writes to: made for their owner alone, and refused when they are anybody else's."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from reasoningbank_schema.paths import Paths


class UnsafeFolderError(Exception):
    """A folder can't be made, or belongs to somebody else."""


def prepare_folders(paths: Paths) -> None:
    """Create what is missing with mode 0700, and close to others what is ours and open.

    Raises
    ------
    UnsafeFolderError
        Naming the folder, what is wrong with it and the command that mends it.
    """
    for folder in paths.private_folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
        except OSError as error:
            raise UnsafeFolderError(
                f"can't create {folder}: {error.strerror}. Set RB_HOME to a folder of yours"
            ) from error
        _check(folder, found)
    # It may lie in a home that is read-only, as containers have it: then there is no file, and none will come.
    with contextlib.suppress(OSError):
        paths.config_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _check(folder: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise UnsafeFolderError(
            f"{folder} belongs to user {found.st_uid}, not to us. Set RB_HOME to a folder of yours"
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        # Ours, but open to others: it was made under a lax umask. What is in it is nobody else's business.
        folder.chmod(0o700)
