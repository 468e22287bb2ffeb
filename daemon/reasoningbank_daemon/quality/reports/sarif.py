"""Verdicts as SARIF 2.1.0, which code hosts and editors read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from reasoningbank_daemon.quality.reports.judged_file import JudgedFile
from reasoningbank_schema.verdicts import Issue, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_report(files: Sequence[JudgedFile], *, version: str, notes: bool) -> dict[str, object]:
    """Return one run with a result for each new issue."""
    found = [(file, issue) for file in files for issue in file.shown(notes=notes)]
    missing = sorted({(each.engine, each.reason) for file in files for each in file.verdict.engines_missing})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "ReasoningBank",
                        "version": version,
                        "rules": _rules(issue for _, issue in found),
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {"level": "note", "message": {"text": f"without {engine}: {reason}"}}
                            for engine, reason in missing
                        ],
                    }
                ],
                "results": [_result(file, issue) for file, issue in found],
            }
        ],
    }


def _rules(issues: Iterable[Issue]) -> list[dict[str, object]]:
    first = {issue.rule: issue for issue in sorted(issues, key=lambda each: each.rule, reverse=True)}
    return [
        {"id": rule, "properties": {"category": issue.category.value, "engine": issue.engine}}
        for rule, issue in sorted(first.items())
    ]


def _result(file: JudgedFile, issue: Issue) -> dict[str, object]:
    text = f"{issue.message} — {issue.suggestion}" if issue.suggestion else issue.message
    lines = file.text.split("\n")
    line = lines[issue.line - 1].strip() if 0 < issue.line <= len(lines) else ""
    identity = f"{file.verdict.path}\0{issue.rule}\0{line}".encode("utf-8", "surrogatepass")
    return {
        "ruleId": issue.rule,
        "level": _LEVELS[issue.severity],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(file.verdict.path)},
                    "region": {"startLine": issue.line, "startColumn": issue.column},
                }
            }
        ],
        "partialFingerprints": {"ruleAndLine/v1": hashlib.sha256(identity).hexdigest()},
    }


def _uri(path: str) -> str:
    return quote(path, safe="/")
