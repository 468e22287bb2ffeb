"""What one agent's session was told of its edits, and what of it is still so. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

import msgspec

from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.judging.changes import NAME as CHANGES
from reasoningbank_daemon.quality.judging.history import FileHistories
from reasoningbank_schema.verdicts import Category, EditVerdict, Issue, Severity

MOST_FILES = 200
MOST_OPEN = 200
_SHOWN = 5
_MARKED = 400

Mark = tuple[str, str]
"""An issue by its rule and its stripped line, so that it is known again where it moved."""


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent is told of a text of a file."""

    path: str
    content_sha256: str
    text: str


class SessionEdits:
    """Knows the open issues of a session's files. Not safe for several threads."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, dict[Mark, Issue]] = OrderedDict()
        self._digests: dict[str, str] = {}
        self._unheard: list[Remark] = []
        self.steps = FileHistories()

    def is_current(self, verdict: EditVerdict) -> bool:
        """Tell whether a verdict is about the last text that was seen of its file."""
        return self._digests.get(verdict.path) == verdict.content_sha256

    def take(self, verdict: EditVerdict, standing: Collection[RawIssue], text: str) -> EditVerdict:
        """Note a verdict; return it without the issues that were told already and still stand.

        `standing` are all issues of the text after the edit.
        """
        earlier = self._open.pop(verdict.path, {})
        # Most edits bring nothing in and find nothing open: their lines need not be looked at.
        lines = text.split("\n") if earlier or verdict.issues else []
        present = frozenset(_mark(issue.rule, issue.line, lines) for issue in standing if earlier)
        # An engine that was not asked this time has not said that its issue is gone.
        unsaid = any(issue.engine not in verdict.engines_run for issue in earlier.values())
        stood = frozenset(line.strip()[:_MARKED] for line in lines) if unsaid else frozenset()
        # Nor does a text that does not parse say it: its issues come back with the edit that mends it, and are no news.
        unparsed = any(issue.category is Category.SYNTAX for issue in standing)
        known = {
            mark: issue
            for mark, issue in earlier.items()
            if mark in present
            or (issue.engine not in verdict.engines_run and mark[1] in stood)
            or (unparsed and issue.category is not Category.SYNTAX)
        }
        told = frozenset(known)
        fresh: list[Issue] = []
        for issue in verdict.issues:
            mark = _mark(issue.rule, issue.line, lines)
            if mark not in told:
                fresh.append(issue)
            # What a change took away is told once: whether it was brought back, no text tells.
            if issue.severity is not Severity.NOTE and issue.engine != CHANGES and len(known) < MOST_OPEN:
                known[mark] = issue
        self._digests[verdict.path] = verdict.content_sha256
        self._open[verdict.path] = known
        while len(self._open) > MOST_FILES:
            forgotten, _ = self._open.popitem(last=False)
            self._digests.pop(forgotten, None)
        return _with_issues(verdict, tuple(fresh))

    def add(self, verdict: EditVerdict, text: str) -> EditVerdict | None:
        """Note a later opinion on a text that is still the file's; return it where it holds what was not told."""
        if not self.is_current(verdict):
            return None
        lines = text.split("\n")
        known = self._open.setdefault(verdict.path, {})
        fresh = []
        for issue in verdict.issues:
            mark = _mark(issue.rule, issue.line, lines)
            if mark not in known and issue.severity is not Severity.NOTE:
                known[mark] = issue
                fresh.append(issue)
        return _with_issues(verdict, tuple(fresh)) if fresh else None

    def keep_unheard(self, remarks: Iterable[Remark]) -> None:
        """Keep what came when nobody waited for it any more."""
        self._unheard = [*self._unheard, *remarks][-MOST_FILES:]

    @property
    def has_unheard(self) -> bool:
        """Tell whether something was kept that nobody has heard."""
        return bool(self._unheard)

    def take_unheard(self) -> tuple[Remark, ...]:
        """Return what was kept of texts that are still their files', and forget all; the rest is summed up at the end."""
        kept, self._unheard = self._unheard, []
        return tuple(each for each in kept if self._digests.get(each.path) == each.content_sha256)

    def sum_up(self) -> str | None:
        """Return what is still open, in one sentence and a few lines, and forget it; None where nothing is."""
        found = [(path, issue) for path, issues in self._open.items() for issue in issues.values()]
        self._open.clear()
        self._digests.clear()
        self._unheard.clear()
        self.steps.clear()
        if not found:
            return None
        one = len(found) == 1
        lines = [
            f"{len(found)} issue{'' if one else 's'} that edits of this task brought in {'is' if one else 'are'} still there:"
        ]
        lines += [
            f"{PurePosixPath(path).name}:{issue.line} {issue.rule}: {issue.message[:120]}"
            for path, issue in found[:_SHOWN]
        ]
        if len(found) > _SHOWN:
            lines.append(f"{len(found) - _SHOWN} more not shown.")
        return "\n".join(lines)


def _mark(rule: str, line: int, lines: list[str]) -> Mark:
    return rule, lines[line - 1].strip()[:_MARKED] if 0 < line <= len(lines) else ""


def _with_issues(verdict: EditVerdict, issues: tuple[Issue, ...]) -> EditVerdict:
    if issues == verdict.issues:
        return verdict
    values = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
    dropped = len(verdict.issues) - len(issues)
    return EditVerdict(**{**values, "issues": issues, "new_issues": verdict.new_issues - dropped})
