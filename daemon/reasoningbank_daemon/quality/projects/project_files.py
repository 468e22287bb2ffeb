"""Which files of a project changed on disk since the last look: a language server that is not told goes stale."""

from __future__ import annotations

import os
from collections.abc import Iterator

Stamp = tuple[int, int]
"""Modification time in nanoseconds, and size."""

_LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages", "venv", "build", "dist"})
CREATED, CHANGED, DELETED = 1, 2, 3
"""Kinds of change, as the Language Server Protocol numbers them."""


class TooManyFilesError(Exception):
    """The project has more files than are looked at."""


def python_files(root: str, *, most: int) -> dict[str, Stamp]:
    """Return the stamps of a project's Python files by path; raise `TooManyFilesError` above `most`."""
    found: dict[str, Stamp] = {}
    for entry in _walk(root):
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it went while we looked
            continue
        found[entry.path] = (status.st_mtime_ns, status.st_size)
        if len(found) > most:
            raise TooManyFilesError(f"{root} has more than {most:,} Python files")
    return found


def changes(before: dict[str, Stamp], after: dict[str, Stamp]) -> list[tuple[str, int]]:
    """Return the paths that differ, each with its kind of change."""
    changed = [
        (path, CHANGED if path in before else CREATED)
        for path, stamp in after.items()
        if before.get(path) != stamp
    ]
    return changed + [(path, DELETED) for path in before if path not in after]


def _walk(root: str) -> Iterator[os.DirEntry[str]]:
    waiting = [root]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                listed = list(entries)
        except OSError:  # a folder that may not be looked into holds nothing for us
            continue
        for entry in listed:
            if entry.name.startswith(".") or entry.name in _LEFT_OUT:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif entry.name.endswith((".py", ".pyi")):
                yield entry
