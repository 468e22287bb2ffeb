"""Recognise text that a host or we put before a model, so that it is never taken for the user's words."""

from __future__ import annotations

import re

from reasoningbank_schema.advice import INJECTED_OPEN

_HOOK_FRAME = " hook additional context: "
_HOOK_CONTEXT = "<hook_context>"

# A block starts at the beginning of a line and ends before the next blank line: `base.framed` writes it so.
_BLOCK = re.compile(
    r"^[ \t]*(?:<system-reminder>\s*)?(?:[A-Za-z]+(?::[\w|*-]+)?"
    + _HOOK_FRAME
    + "|"
    + re.escape(INJECTED_OPEN)
    + r").*?(?=\n[ \t]*\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_GEMINI = re.compile(r"<hook_context>.*?</hook_context>", re.DOTALL)


def without_injected(text: str) -> str:
    r"""Return what is left of a text without the blocks that hooks put there.

    Examples
    --------
    >>> without_injected("<hook_context>12 tasks</hook_context>\n\nfix the test")
    'fix the test'
    """
    if _HOOK_CONTEXT in text:
        text = _GEMINI.sub("", text).strip()
    if INJECTED_OPEN in text or _HOOK_FRAME in text:
        text = _BLOCK.sub("", text).strip()
    return text
