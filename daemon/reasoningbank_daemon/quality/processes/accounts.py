"""What the kernel has to say of a process: how large it is, and whether it gets a processor."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_HELD_UP = ("R", "D")
"""Running, or ready to; waiting for a disk."""


def resident_bytes(pid: int) -> int:
    """Return how much memory a process occupies; 0 once it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor_ns(pid: int) -> int:
    """Return for how long a process and those that it has started have had a processor; 0 where nobody accounts for it."""
    return sum(_accounted_ns(thread) for thread in _threads(pid))


def can_run(pid: int) -> bool:
    """Tell whether a process, or one that it has started, has a processor, or waits for nothing but that or a disk."""
    return any(_state(thread) in _HELD_UP for thread in _threads(pid))


def _threads(pid: int) -> Iterator[Path]:
    """Yield a process's threads, and those of the processes that they have started."""
    with contextlib.suppress(OSError):  # gone, or no such file in this system
        for thread in Path(f"/proc/{pid}/task").iterdir():
            yield thread
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield from _threads(int(child))


def _accounted_ns(thread: Path) -> int:
    try:
        return int((thread / "schedstat").read_text(encoding="ascii").split()[0])
    except (OSError, IndexError, ValueError):
        return 0


def _state(thread: Path) -> str:
    try:
        return (thread / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
