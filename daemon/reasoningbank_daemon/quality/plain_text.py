"""Find what is wrong in a text of any language: merge conflicts, secrets, NUL characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document, RawIssue, TextRefusedError
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity

NAME = "text"
MAX_TEXT_CHARACTERS = 10_000_000

_CONFLICT = re.compile(r"^<{7} \S", re.MULTILINE)
_SEPARATOR = re.compile(r"^={7}$", re.MULTILINE)
_CONFLICT_END = re.compile(r"^>{7} \S", re.MULTILINE)

_SECRETS = (
    ("an AWS access key", ("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    (
        "a GitHub token",
        ("gh",),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})\b"),
    ),
    ("a Slack token", ("xox",), re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}")),
    ("a Stripe key", ("_live_",), re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20,}")),
    ("a Google API key", ("AIza",), re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
    ("an Anthropic API key", ("sk-ant-",), re.compile(r"\bsk-ant-[A-Za-z0-9_-]{24,}")),
    ("a GitLab token", ("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    (
        "a private key",
        ("PRIVATE KEY",),
        re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*\\?n?[A-Za-z0-9+/]{16}"),
    ),
)
_EXAMPLE = re.compile(r"EXAMPLE|XXXX|0000000|1234567", re.IGNORECASE)
"""Made-up keys of documentation and tests say so."""


class PlainTextEngine:
    """Reads every text, whatever its language."""

    name = NAME
    languages: frozenset[Language] | None = None

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:  # noqa: ARG002 - it takes no time
        """Return conflict markers, secrets, and the first NUL character of a source text."""
        text = document.text
        if len(text) > MAX_TEXT_CHARACTERS:
            raise TextRefusedError(
                f"the text has {len(text):,} characters, the limit is {MAX_TEXT_CHARACTERS:,}"
            )
        return (*_conflicts(text), *_secrets(text), *_nul(document))

    def close(self) -> None:
        """Do nothing: it holds nothing."""


def _conflicts(text: str) -> Iterator[RawIssue]:
    if "<<<<<<< " not in text or not _CONFLICT_END.search(text) or not _SEPARATOR.search(text):
        return
    for match in _CONFLICT.finditer(text):
        yield _issue(
            text,
            match.start(),
            rule="merge-conflict",
            category=Category.SYNTAX,
            message="a merge conflict is left unresolved",
            suggestion="keep one side, and take the markers out",
        )


def _secrets(text: str) -> Iterator[RawIssue]:
    for what, literals, form in _SECRETS:
        if not any(literal in text for literal in literals):
            continue
        for match in form.finditer(text):
            if not _EXAMPLE.search(match[0]):
                yield _issue(
                    text,
                    match.start(),
                    rule="secret",
                    category=Category.SECURITY,
                    message=f"{what} is written into the file",
                    suggestion="read it from the environment or a secret store, and revoke this one",
                )


def _nul(document: Document) -> Iterator[RawIssue]:
    position = document.text.find("\0")
    if position >= 0 and document.language is not None:
        yield _issue(
            document.text,
            position,
            rule="nul-character",
            category=Category.SYNTAX,
            message="the text holds a NUL character",
            suggestion="write the file anew as text",
        )


def _issue(
    text: str, position: int, *, rule: str, category: Category, message: str, suggestion: str
) -> RawIssue:
    return RawIssue(
        line=text.count("\n", 0, position) + 1,
        column=position - text.rfind("\n", 0, position),
        rule=rule,
        category=category,
        severity=Severity.ERROR,
        message=message,
        suggestion=suggestion,
        engine=NAME,
    )
