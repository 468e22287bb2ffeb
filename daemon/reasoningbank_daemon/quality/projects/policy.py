"""What a project and its people want to hear of: rules off, severities, thresholds, false alarms. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.projects.ignore_comments import find_ignores
from reasoningbank_daemon.quality.projects.linter_settings import LinterSettings
from reasoningbank_schema.verdicts import Category, Severity

_COMPLEXITY_RULE = "C901"
_MEASURED = re.compile(r"\((\d+) > \d+\)")
_LOWER = {Severity.ERROR: Severity.WARNING, Severity.WARNING: Severity.NOTE, Severity.NOTE: Severity.NOTE}


class Mode(StrEnum):
    """Name what a broken edit leads to."""

    ADVISE = "advise"
    GATE = "gate"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What applies to one file.

    `severities` gives a rule, or a rule's beginning followed by `*`, its severity; None switches it off.
    `false_alarms` counts by rule how often people of this project said so: each lowers the severity by one step, as
    far as a note, except that of a syntax error. `complexity` is the number of paths up to which C901 is silent.
    """

    severities: Mapping[str, Severity | None] = {}
    false_alarms: Mapping[str, int] = {}
    linters: LinterSettings = LinterSettings()
    engines_off: frozenset[str] = frozenset()
    complexity: int | None = None
    told: int = 5
    mode: Mode = Mode.ADVISE


STANDARD = Policy()


def wanted(issues: Iterable[RawIssue], document: Document, policy: Policy) -> tuple[RawIssue, ...]:
    """Return the issues that a project wants to hear of, each with the severity that it has there.

    The text's own `reasoningbank: ignore[rule] reason` comments apply last.
    """
    kept = [settled for issue in issues if (settled := _settled(issue, document.path, policy)) is not None]
    ignores = find_ignores(document.text, document.language)
    return tuple(issue for issue in kept if issue.rule not in ignores.lines.get(issue.line, ()))


def _settled(issue: RawIssue, path: str, policy: Policy) -> RawIssue | None:
    if policy.linters.switches_off(issue.engine, issue.rule, path) and issue.category is not Category.SYNTAX:
        return None
    if issue.rule == _COMPLEXITY_RULE and not _is_too_complex(issue, policy):
        return None
    chosen = _chosen(issue.rule, policy.severities)
    if chosen is not _UNCHOSEN:
        if chosen is None:
            return None
        issue = msgspec.structs.replace(issue, severity=chosen)
    count = policy.false_alarms.get(issue.rule, 0)
    return _lowered(issue, count) if count else issue


class _Unchosen:
    """Stand for a rule that a project says nothing of; None means that it is off."""


_UNCHOSEN = _Unchosen()


def _chosen(rule: str, severities: Mapping[str, Severity | None]) -> Severity | _Unchosen | None:
    """Return what is said of a rule; the longest beginning that fits decides."""
    if not severities:
        return _UNCHOSEN
    if rule in severities:
        return severities[rule]
    fitting = [name for name in severities if name.endswith("*") and rule.startswith(name[:-1])]
    return severities[max(fitting, key=len)] if fitting else _UNCHOSEN


def _is_too_complex(issue: RawIssue, policy: Policy) -> bool:
    limits = [each for each in (policy.complexity, policy.linters.complexity) if each is not None]
    measured = _MEASURED.search(issue.message)
    return measured is None or not limits or int(measured[1]) > max(limits)


def _lowered(issue: RawIssue, count: int) -> RawIssue:
    if issue.category is Category.SYNTAX and issue.severity is Severity.ERROR:
        return issue
    severity = issue.severity
    for _ in range(count):
        severity = _LOWER[severity]
    times = "once" if count == 1 else f"{count} times"
    message = f"{issue.message} (called a false alarm here {times})"
    return msgspec.structs.replace(issue, severity=severity, message=message)
