"""What the kernel has to say of a process: how large it is, what it has started, and whether it gets a processor."""

from __future__ import annotations

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


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, by whichever thread, and those that they have."""
    for thread in _own_threads(pid):
        for child in _children(thread):
            yield child
            yield from descendants(child)


def _threads(pid: int) -> Iterator[Path]:
    for process in (pid, *descendants(pid)):
        yield from _own_threads(process)


def _own_threads(pid: int) -> list[Path]:
    try:
        return [*Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # gone, or no such file in this system
        return []


def _children(thread: Path) -> list[int]:
    try:
        return [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    except OSError:
        return []


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
