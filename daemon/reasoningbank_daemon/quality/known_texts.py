"""The text of a file before an edit, where its host did not send it: what was last seen, else what git has."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections import OrderedDict
from pathlib import Path

from reasoningbank_daemon.quality.projects.project import project_root

MOST_CHARACTERS = 16_000_000
"""Of all texts that are kept, their paths counted; those not seen for longest are forgotten first."""
ENTRY_CHARACTERS = 300
"""What keeping even an empty text costs: without it, a million small files would be kept."""
MOST_BYTES = 10_000_000
"""A larger file is not read."""
GIT_TIMEOUT_S = 1.0


class KnownTexts:
    """Keeps the last text seen of each file, by absolute path. Safe for several threads."""

    def __init__(self, *, most_characters: int = MOST_CHARACTERS) -> None:
        self._most_characters = most_characters
        self._lock = threading.Lock()
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def get(self, path: str) -> str | None:
        """Return the text that was last seen of a file, None where it was never seen or is forgotten."""
        with self._lock:
            return self._texts.get(path)

    def put(self, path: str, text: str) -> None:
        """Keep a file's text."""
        with self._lock:
            self._forget(path)
            self._texts[path] = text
            self._characters += _cost(path, text)
            while self._characters > self._most_characters and self._texts:
                self._forget(next(iter(self._texts)))

    def drop(self, path: str) -> None:
        """Forget a file: it is deleted."""
        with self._lock:
            self._forget(path)

    def _forget(self, path: str) -> None:
        text = self._texts.pop(path, None)
        if text is not None:
            self._characters -= _cost(path, text)


def _cost(path: str, text: str) -> int:
    return ENTRY_CHARACTERS + len(path) + len(text)


def text_on_disk(path: str) -> str | None:
    """Return a regular file's text, bytes that are not UTF-8 as lone surrogates; None where it can't be had."""
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):  # ValueError: a NUL character in the path
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "surrogateescape")


def committed_text(path: str, *, revision: str = "HEAD") -> str | None:
    """Return a file's text as git has it in a revision (":" for the index); None where it has none.

    `path` is absolute. Nothing of the repository is executed: `cat-file` runs no filter and no hook.
    """
    root = project_root(path)
    if root is None:
        return None
    try:
        inside = Path(path).relative_to(root)
        done = subprocess.run(
            [
                "git",
                "--no-optional-locks",
                "-C",
                root,
                "cat-file",
                "blob",
                f"{revision.rstrip(':')}:./{inside}",
            ],
            capture_output=True,
            check=False,
            timeout=GIT_TIMEOUT_S,
        )
    except (OSError, ValueError, subprocess.SubprocessError):  # no git, or a path that is none
        return None
    if done.returncode != 0 or len(done.stdout) > MOST_BYTES:
        return None
    return done.stdout.decode("utf-8", "surrogateescape")
