"""Verdicts as SARIF 2.1.0, which code hosts and editors read."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from reasoningbank_daemon.quality.reports.judged_file import JudgedFile
from reasoningbank_daemon.quality.reports.rule_descriptions import describe_rule
from reasoningbank_schema.verdicts import Issue, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_LIKE_A_PLACEHOLDER = re.compile(r"\{([0-9]+)\}")
_LIKE_A_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")


def sarif_report(files: Sequence[JudgedFile], *, version: str, notes: bool) -> dict[str, object]:
    """Return one run with a result for each new issue."""
    found = [(file, issue) for file in files for issue in file.shown(notes=notes)]
    missing = sorted({(each.engine, each.reason) for file in files for each in file.verdict.engines_missing})
    rules = sorted({issue.rule: issue for _, issue in reversed(found)}.items())
    places = {rule: index for index, (rule, _) in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "ReasoningBank",
                "version": version,
                "rules": [_rule(issue) for _, issue in rules],
            }
        },
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder in which the command ran."}}},
        # Half of the readers don't ask which unit it is, and those count as JavaScript and .NET do.
        "columnKind": "utf16CodeUnits",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "invocations": [_invocation(missing)],
        "results": list(_results(found, places)),
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(issue: Issue) -> dict[str, object]:
    described = describe_rule(issue)
    help_text = {"text": described.help} | ({"markdown": described.markdown} if described.markdown else {})
    rule: dict[str, object] = {
        "id": issue.rule,
        "shortDescription": {"text": described.short},
        "fullDescription": {"text": described.full},
        "help": help_text,
        "defaultConfiguration": {"level": _LEVELS[described.severity or issue.severity]},
        "properties": {
            "tags": [issue.category.value],
            "category": issue.category.value,
            "engine": issue.engine,
        },
    }
    return rule | ({"helpUri": described.uri} if described.uri else {})


def _invocation(missing: Iterable[tuple[str, str]]) -> dict[str, object]:
    notifications = [
        {"level": "warning", "message": {"text": _message(f"without {engine}: {reason}")}}
        for engine, reason in missing
    ]
    return {"executionSuccessful": True, "toolExecutionNotifications": notifications}


def _results(
    found: Iterable[tuple[JudgedFile, Issue]], places: dict[str, int]
) -> Iterable[dict[str, object]]:
    seen: Counter[bytes] = Counter()
    for file, issue in found:
        line = _line(file, issue)
        identity = f"{file.verdict.path}\0{issue.rule}\0{line.strip()}".encode("utf-8", "surrogatepass")
        seen[identity] += 1
        text = f"{issue.message} — {issue.suggestion}" if issue.suggestion else issue.message
        yield {
            "ruleId": issue.rule,
            "ruleIndex": places[issue.rule],
            "level": _LEVELS[issue.severity],
            "message": {"text": _message(text)},
            "locations": [{"physicalLocation": _location(file, issue, line)}],
            "baselineState": "new",
            "partialFingerprints": {
                "ruleAndLine/v2": f"{hashlib.sha256(identity).hexdigest()}:{seen[identity]}"
            },
        }


def _location(file: JudgedFile, issue: Issue, line: str) -> dict[str, object]:
    before = line[: issue.column - 1].encode("utf-16-le", "surrogatepass")
    past_end = max(0, issue.column - 1 - len(line))
    column = len(before) // 2 + past_end + 1
    return {
        "artifactLocation": _artifact(file.path),
        "region": {"startLine": issue.line, "startColumn": column},
    }


def _line(file: JudgedFile, issue: Issue) -> str:
    lines = file.text.split("\n")
    return lines[issue.line - 1] if 0 < issue.line <= len(lines) else ""


def _artifact(path: str) -> dict[str, object]:
    """Return the place of a file; its name need not be UTF-8, and goes byte by byte."""
    quoted = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    return {"uri": f"file://{quoted}"} if path.startswith("/") else {"uri": quoted, "uriBaseId": _ROOT}


def _message(text: str) -> str:
    r"""Return a text in which SARIF's readers find no placeholder and no link.

    Examples
    --------
    >>> print(_message("{0} and {} and [a](b)"))
    {{0}} and {} and \[a](b)
    """
    return _LIKE_A_LINK.sub(r"\[", _LIKE_A_PLACEHOLDER.sub(r"{{\1}}", text))
