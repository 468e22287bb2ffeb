"""What an edit changed, as a bounded unified diff without secrets."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence

from reasoningbank_daemon.storage.scrubbing import DIFF_CHARS, Scrubber
from reasoningbank_schema.events import FileEdited, Hunk

CONTEXT_LINES = 1
"""Unchanged lines kept around each change: enough to read it, a third of the size of three."""

COMPARED_LINES = 1_500
"""Longer changed regions are stored as removed and added: comparing them takes seconds in the worst case."""

COMPARED_CHARS = 256 * 1024
SHA_BYTES = 16

# A secret that spans lines can't be recognised from the part of it that a hunk shows.
_MULTILINE_MARKS = ("PRIVATE KEY", "<private", "PRIVATE-LINES", "Private-Lines", "private_key", "PGP")


def text_sha(text: str | None) -> bytes | None:
    """Return the first 16 bytes of the SHA-256 of a whole text, None for none."""
    if text is None:
        return None
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:SHA_BYTES]


def describe_edit(edit: FileEdited, scrubber: Scrubber) -> str:
    """Return the diff of an edit: from the host's hunks where it gave them, else computed; "" if neither.

    Secrets are removed from the texts before they are compared, or from the hunks where no text holds a
    secret of several lines.
    """
    if edit.patch and not _may_span_lines(edit):
        text = "\n".join(line for hunk in edit.patch for line in _hunk_lines(hunk))
        return scrubber.head(text, DIFF_CHARS)
    if edit.after is None:
        return ""
    before = "" if edit.before is None else scrubber.whole(edit.before[:COMPARED_CHARS])
    after = scrubber.whole(edit.after[:COMPARED_CHARS])
    if edit.before is None and not edit.created:
        return ""
    return scrubber.head("\n".join(compare(before.splitlines(), after.splitlines())), DIFF_CHARS)


def _may_span_lines(edit: FileEdited) -> bool:
    return any(mark in text for text in (edit.before, edit.after) if text for mark in _MULTILINE_MARKS)


def compare(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the hunks of a unified diff between two texts; exact, except that large changes are not aligned."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) > COMPARED_LINES or len(new) > COMPARED_LINES:
        header = f"@@ -{start + 1},{len(old)} +{start + 1},{len(new)} @@"
        return [header, *(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    left, right = max(0, start - CONTEXT_LINES), CONTEXT_LINES
    old_part = before[left : len(before) - end + right] if end else before[left:]
    new_part = after[left : len(after) - end + right] if end else after[left:]
    lines = difflib.unified_diff(old_part, new_part, n=CONTEXT_LINES, lineterm="")
    return [_shift(line, left) if line.startswith("@@") else line for line in list(lines)[2:]]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _shift(header: str, lines: int) -> str:
    """Add the skipped lines to a hunk header's two start positions."""
    if lines == 0:
        return header
    _, old, new, _ = header.split(" ", 3)

    def moved(span: str) -> str:
        start, *rest = span[1:].split(",")
        return ",".join([f"{span[0]}{int(start) + lines}", *rest])

    return f"@@ {moved(old)} {moved(new)} @@"


def _hunk_lines(hunk: Hunk) -> list[str]:
    """Return a hunk with its context shortened."""
    lines = hunk.lines
    first = next((index for index, line in enumerate(lines) if line[:1] in {"+", "-"}), 0)
    last = next((index for index in range(len(lines) - 1, -1, -1) if lines[index][:1] in {"+", "-"}), 0)
    head = max(0, first - CONTEXT_LINES)
    tail = max(0, len(lines) - 1 - last - CONTEXT_LINES)
    header = (
        f"@@ -{hunk.old_start + head},{hunk.old_lines - head - tail} "
        f"+{hunk.new_start + head},{hunk.new_lines - head - tail} @@"
    )
    return [header, *lines[head : len(lines) - tail]]
