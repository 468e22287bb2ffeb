"""Keep what a linter quotes of a secret out of a verdict: a fragment that no rule recognises once it stands alone."""

from __future__ import annotations

import re

import msgspec

from reasoningbank_schema.redaction import redact
from reasoningbank_schema.verdicts import EditVerdict, Issue

QUOTED_CHARS = 4
"""A shorter fragment is no secret, and shorter words would be looked for in vain all the time."""

HIDDEN = "[redacted]"

_FRAGMENT = re.compile(rf"[^\s`'\"()\[\]{{}},;:=<>]{{{QUOTED_CHARS},}}")


def without_secrets(verdict: EditVerdict, text: str) -> EditVerdict:
    """Return a verdict on ``text`` whose messages quote nothing of the secrets in it.

    A name or a value that stands in the text, but no longer once the text is redacted, belongs to a secret:
    "Undefined name `hunter2`" has lost the ``password =`` by which it would be recognised.
    """
    if not verdict.issues:
        return verdict
    clean = redact(text).text
    if clean == text:
        return verdict

    def hide(message: str) -> str:
        return _FRAGMENT.sub(
            lambda found: HIDDEN if text.count(found[0]) > clean.count(found[0]) else found[0], message
        )

    def hidden(issue: Issue) -> Issue:
        return msgspec.structs.replace(issue, message=hide(issue.message), suggestion=hide(issue.suggestion))

    return msgspec.structs.replace(verdict, issues=tuple(map(hidden, verdict.issues)))
