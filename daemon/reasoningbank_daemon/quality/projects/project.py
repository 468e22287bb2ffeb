"""Where the project of a file begins."""

from __future__ import annotations

import functools
from pathlib import Path

_MARKERS = (".git", ".reasoningbank.toml", "pyproject.toml", "package.json", "go.mod", "Cargo.toml")
_MOST_KNOWN = 1024


def project_root(path: str) -> str | None:
    """Return the folder of the project that an absolute path lies in; None where none can be told.

    It is the nearest folder with `.git`, else the outermost one with another mark of a project.
    """
    file = Path(path)
    return _root_of(str(file.parent)) if file.is_absolute() else None


@functools.lru_cache(maxsize=_MOST_KNOWN)
def _root_of(folder: str) -> str | None:
    found: str | None = None
    start = Path(folder)
    for candidate in (start, *start.parents):
        try:
            if (candidate / ".git").exists():
                return str(candidate)
            if any((candidate / marker).exists() for marker in _MARKERS):
                found = str(candidate)
        except OSError:  # a folder that may not be looked into is no project of ours
            continue
    return found
