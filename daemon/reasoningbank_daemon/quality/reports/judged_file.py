"""A verdict with what a report needs beside it."""

from __future__ import annotations

import msgspec

from reasoningbank_schema.verdicts import EditVerdict, Issue, Severity


class JudgedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, whose path is as the reader should see it, and the text that it is about.

    `path` is the same one as the file system has it: bytes that are not UTF-8 are lone surrogates.
    """

    verdict: EditVerdict
    path: str
    text: str

    def shown(self, *, notes: bool) -> tuple[Issue, ...]:
        """Return the new issues, notes among them only where they are wanted."""
        return tuple(each for each in self.verdict.issues if notes or each.severity is not Severity.NOTE)
