"""Tell an agent what its edit made worse, in few words. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath

from reasoningbank_schema.verdicts import EditVerdict, Issue, Label, Severity

MOST_ISSUES = 5
MOST_CHARACTERS = 1_200
_MOST_MESSAGE_CHARACTERS = 160


def advice_text(verdict: EditVerdict, *, most: int = MOST_ISSUES) -> str | None:
    """Return the new issues, worst first, in at most 1,200 characters; None when nothing got worse.

    At most five are named, fewer where `most` says so. It states facts and gives no orders. Notes are left out: they alone make no edit worse.
    """
    if verdict.label not in (Label.BROKEN, Label.WORSE):
        return None
    issues = [issue for issue in verdict.issues if issue.severity is not Severity.NOTE]
    if not issues and verdict.new_issues <= len(verdict.issues):
        return None  # what is new was told before
    name = PurePosixPath(verdict.path.replace("\\", "/")).name or verdict.path
    lines = [_headline(verdict, name)]
    room = MOST_CHARACTERS - len(lines[0]) - len(_rest(10**6)) - 1
    for issue in issues[: min(most, MOST_ISSUES)]:
        line = _line(issue, name)
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        lines.append(line)
    left = max(len(issues), _counted(verdict, issues)) - (len(lines) - 1)
    if left > 0:
        lines.append(_rest(left))
    return "\n".join(lines)


def _headline(verdict: EditVerdict, name: str) -> str:
    name = _cut(name, 100)
    if verdict.label is Label.BROKEN:
        return f"After this edit {name} no longer parses."
    return f"This edit brought new issues into {name}."


def _line(issue: Issue, name: str) -> str:
    text = f"{_cut(name, 100)}:{issue.line} {issue.rule} ({issue.category}): {_cut(issue.message, _MOST_MESSAGE_CHARACTERS)}"
    return f"{text} — {_cut(issue.suggestion, _MOST_MESSAGE_CHARACTERS)}" if issue.suggestion else text


def _counted(verdict: EditVerdict, shown: list[Issue]) -> int:
    """Count the new issues above a note; beyond the listed ones, which are the worst, all are taken for such."""
    unlisted = verdict.new_issues - len(verdict.issues)
    return len(shown) + (unlisted if len(shown) == len(verdict.issues) else 0)


def _rest(count: int) -> str:
    return f"{count:,} more not shown."


def _cut(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
