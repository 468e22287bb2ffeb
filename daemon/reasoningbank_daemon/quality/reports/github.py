"""Verdicts as workflow commands, which GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reasoningbank_daemon.quality.reports.judged_file import JudgedFile
from reasoningbank_schema.verdicts import Issue, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github_report(files: Sequence[JudgedFile], *, notes: bool) -> Iterator[str]:
    """Yield one command for each new issue, and one for each reason why an engine is missing."""
    for file in files:
        for issue in file.shown(notes=notes):
            yield _command(file.verdict.path, issue)
    missing = [(each.engine, each.reason) for file in files for each in file.verdict.engines_missing]
    for engine, reason in dict.fromkeys(missing):
        yield f"::warning title={_property(f'without {engine}')}::{_data(reason)}"


def _command(path: str, issue: Issue) -> str:
    text = f"{issue.message} — {issue.suggestion}" if issue.suggestion else issue.message
    values = {
        "file": path,
        "line": str(issue.line),
        "col": str(issue.column),
        "title": f"{issue.rule} ({issue.category.value})",
    }
    properties = ",".join(f"{name}={_property(value)}" for name, value in values.items())
    return f"::{_COMMANDS[issue.severity]} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
