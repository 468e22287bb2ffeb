"""Files that are there whole or not at all, whenever the machine stops."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600


def replace_file(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Write a file beside the one that is there, sync it, put it in its place, and sync the folder.

    A link stays a link: its target is replaced. A file that is there keeps its mode; a new one gets ``mode``. The
    folder must exist. After an `OSError` the former file is untouched.
    """
    target = path.resolve()
    with suppress(FileNotFoundError):
        mode = stat.S_IMODE(target.stat().st_mode)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync(target.parent)


def sync(path: Path) -> None:
    """Return when what was written to a file, or what was renamed in a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
