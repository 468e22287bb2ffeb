"""Remember what an engine found in a text, so that the text before an edit is usually known already."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from pathlib import PurePosixPath

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.languages import is_test_path

TextKey = tuple[str, str, bool, bytes]
Key = tuple[str, TextKey]

MOST_ENTRIES = 2_000
MOST_ISSUES = 50_000
"""Bounds what many small and what few large entries can take: about 20 MB."""


def text_key(document: Document) -> TextKey:
    """Return what findings depend on: the text, its language, its file name, and whether it is a test."""
    return (
        document.language or "",
        PurePosixPath(document.path).name,
        is_test_path(document.path),
        hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).digest(),
    )


class IssueCache:
    """Keeps the entries that were used last. Safe for several threads."""

    def __init__(self, *, most_entries: int = MOST_ENTRIES, most_issues: int = MOST_ISSUES) -> None:
        self._most_entries = most_entries
        self._most_issues = most_issues
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, tuple[RawIssue, ...]] = OrderedDict()
        self._issues = 0

    def get(self, key: Key) -> tuple[RawIssue, ...] | None:
        """Return the findings under `key`, or None."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
            return found

    def put(self, key: Key, issues: tuple[RawIssue, ...]) -> None:
        """Keep findings, and forget those that were not used for longest where there are too many."""
        with self._lock:
            self._issues += len(issues) - len(self._entries.pop(key, ()))
            self._entries[key] = issues
            while len(self._entries) > self._most_entries or self._issues > self._most_issues:
                _, forgotten = self._entries.popitem(last=False)
                self._issues -= len(forgotten)

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)
