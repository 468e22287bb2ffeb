"""Which project a folder belongs to: the git common directory, so that worktrees share one; else the folder."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.lru_cache(maxsize=4096)
def project_key(cwd: str) -> str:
    """Return the key of the project that ``cwd`` lies in, as an absolute path.

    The key is git's *common directory* (``.git`` of the main work tree), found by reading files rather than
    by starting git: a hook's answer waits for this. Outside a repository it is ``cwd`` itself; a folder that
    does not exist (a session that was recorded elsewhere) is its own project too. ``""`` stays ``""``.

    Answers are cached: a session asks about the same folder at each event. A folder that becomes a repository
    later keeps its first key until the daemon restarts.
    """
    if not cwd:
        return ""
    start = Path(cwd)
    for folder in (start, *start.parents):
        marker = folder / ".git"
        try:
            if marker.is_dir():
                return str(marker)
            if marker.is_file():
                return _common_directory(marker)
        except OSError:
            # A folder that we may not look into is not a repository that we can tell apart.
            continue
    return str(start)


def _common_directory(marker: Path) -> str:
    """Follow a ``.git`` file (worktree or submodule) to the common directory, as `gitrepository-layout` says."""
    text = marker.read_text(encoding="utf-8", errors="replace").strip()
    if not text.startswith("gitdir:"):
        return str(marker.parent)
    git_dir = (marker.parent / text.removeprefix("gitdir:").strip()).resolve()
    pointer = git_dir / "commondir"
    if pointer.is_file():
        return str((git_dir / pointer.read_text(encoding="utf-8").strip()).resolve())
    return str(git_dir)
