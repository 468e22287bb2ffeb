"""Whether an edit made a Python function much more complex, or only passed the limit by a branch or two. Pure."""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.engine import RawIssue

RULE = "C901"
LEAST_GROWTH = 5
"""An edit that adds fewer branches than this to a function that was there before is not told that it is too complex."""

_NAMED = re.compile(r"`(\w+)`")
_BRANCH = re.compile(r"\s*(?:if|elif|for|while|except|case|async for)\b")


def grew_little(issue: RawIssue, before: str, after: str) -> bool:
    """Tell whether a finding of C901 is about a function that stood before with nearly as many branches."""
    named = _NAMED.search(issue.message)
    if issue.rule != RULE or named is None:
        return False
    stood = _branches(before, named[1])
    return stood is not None and (_branches(after, named[1]) or 0) - stood < LEAST_GROWTH


def _branches(text: str, name: str) -> int | None:
    """Count the branches in all functions of a name; None where there is none."""
    counts = [
        _in_block(text, match)
        for match in re.finditer(_DEFINITION.format(re.escape(name)), text, re.MULTILINE)
    ]
    return sum(counts) if counts else None


_DEFINITION = r"^([ \t]*)(?:async[ \t]+)?def[ \t]+{}\b"


def _in_block(text: str, head: re.Match[str]) -> int:
    indent = len(head[1])
    count = 0
    for line in text[head.end() :].split("\n")[1:]:
        bare = line.lstrip()
        if bare and len(line) - len(bare) <= indent and not bare.startswith((")", "#")):
            break
        count += _BRANCH.match(line) is not None
    return count
