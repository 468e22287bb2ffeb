"""Read the two forms in which hosts send a change as text: unified diffs, and Codex's ``apply_patch``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from reasoningbank_schema.events import Hunk

_HUNK_HEAD = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_FILE_HEAD = re.compile(r"\*\*\* (Add|Update|Delete) File: (.+)")
_MOVE = "*** Move to: "
_BEGIN = "*** Begin Patch"
_LINE_KINDS = (" ", "-", "+")


class PatchedFile(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a patch does to one file; ``after`` is known of added files alone."""

    path: str
    added: bool = False
    deleted: bool = False
    moved_to: str | None = None
    after: str | None = None
    hunks: tuple[Hunk, ...] = ()


def parse_unified_diff(text: str) -> tuple[Hunk, ...]:
    r"""Return the hunks of a unified diff of one file; what stands around them is skipped.

    Examples
    --------
    >>> parse_unified_diff("--- a\n+++ b\n@@ -1 +1 @@\n-x = 1\n+x = 2\n")[0].lines
    ('-x = 1', '+x = 2')
    """
    hunks: list[Hunk] = []
    lines = iter(text.split("\n"))
    for line in lines:
        head = _HUNK_HEAD.match(line)
        if head is None:
            continue
        old_lines, new_lines = int(head[2] or 1), int(head[4] or 1)
        hunks.append(
            Hunk(
                old_start=int(head[1]),
                old_lines=old_lines,
                new_start=int(head[3]),
                new_lines=new_lines,
                lines=tuple(_counted_lines(lines, old_lines, new_lines)),
            )
        )
    return tuple(hunks)


def _counted_lines(lines: Iterator[str], old_lines: int, new_lines: int) -> Iterator[str]:
    """Yield a hunk's lines: as many as its head announces, because text after it may look like one."""
    while old_lines > 0 or new_lines > 0:
        line = next(lines, None)
        if line is None or (line and line[0] not in (*_LINE_KINDS, "\\")):
            return
        if line.startswith("\\"):
            continue  # no newline at the end of the file
        old_lines -= not line.startswith("+")
        new_lines -= not line.startswith("-")
        yield line or " "


def parse_apply_patch(text: str) -> tuple[PatchedFile, ...]:
    r"""Return the files of an ``apply_patch`` input; none when it is not one.

    Its hunks carry no line numbers: ``old_start`` and ``new_start`` are 0.

    Examples
    --------
    >>> parse_apply_patch("*** Begin Patch\n*** Add File: a.py\n+x = 1\n*** End Patch\n")[0].after
    'x = 1\n'
    """
    files: list[PatchedFile] = []
    kind, path, moved_to = "", "", None
    body: list[str] = []
    for line in [*text.partition(_BEGIN)[2].split("\n"), "*** End Patch"]:
        if line.startswith(_MOVE):
            moved_to = line[len(_MOVE) :].strip()
        elif line.startswith("*** ") and line != "*** End of File":
            if path:
                files.append(_patched(kind, path, moved_to, body))
            head = _FILE_HEAD.match(line)
            kind, path = (head[1], head[2].strip()) if head else ("", "")
            moved_to, body = None, []
        else:
            body.append(line)
    return tuple(files)


def _patched(kind: str, path: str, moved_to: str | None, body: list[str]) -> PatchedFile:
    if kind == "Delete":
        return PatchedFile(path=path, deleted=True)
    if kind == "Add":
        after = "".join([line[1:] + "\n" for line in body if line.startswith("+")])
        return PatchedFile(path=path, added=True, after=after)
    hunks: list[list[str]] = [[]]
    for line in body:
        if line.startswith("@@"):
            hunks.append([])
        elif line.startswith(_LINE_KINDS):
            hunks[-1].append(line)
    return PatchedFile(
        path=path, moved_to=moved_to, hunks=tuple(_unnumbered(lines) for lines in hunks if lines)
    )


def _unnumbered(lines: list[str]) -> Hunk:
    return Hunk(
        old_start=0,
        old_lines=sum(not line.startswith("+") for line in lines),
        new_start=0,
        new_lines=sum(not line.startswith("-") for line in lines),
        lines=tuple(lines),
    )
