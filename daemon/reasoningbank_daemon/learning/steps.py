"""Tell kinds of steps apart that several rules need: what changed files, what only looked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reasoningbank_daemon.learning.shell import simple_commands
from reasoningbank_daemon.learning.trajectory import Step, StepKind

_LOOKING = frozenset(
    (
        "ls", "cat", "head", "tail", "less", "more", "grep", "egrep", "fgrep", "rg", "ag", "ack", "find", "fd", "tree", "wc", "file",
        "stat", "du", "df", "pwd", "which", "whereis", "type", "echo", "printf", "diff", "cmp", "test", "[", "[[", "env", "date", "ps",
        "top", "whoami", "hostname", "uname", "jq", "yq", "sort", "uniq", "cut", "awk", "nl", "bat", "man", "true", "false", "sleep",
        "cd", "pgrep", "lsof", "curl", "wget", "ping", "export", "set", "source", ".", "realpath", "readlink", "basename", "dirname",
        "xxd", "od", "md5sum", "sha256sum", "column", "tr", "xargs",
    )
)  # fmt: skip
"""Programs whose non-zero status is an answer (grep found nothing), not a failure."""

_LOOKING_VERBS = {
    "git": frozenset(
        ("status", "diff", "log", "show", "branch", "blame", "grep", "ls-files", "rev-parse", "remote", "describe", "merge-base")
    ),
    "docker": frozenset(("ps", "logs", "images", "inspect")),
    "kubectl": frozenset(("get", "describe", "logs")),
    "pip": frozenset(("show", "list", "freeze", "index")),
    "npm": frozenset(("ls", "view", "outdated", "audit")),
    "gh": frozenset(("pr", "issue", "run", "api")),
}  # fmt: skip

_CHANGING = re.compile(
    r"\bsed (?:-\w+ )*-\w*i|\bperl (?:-\w+ )*-\w*i|\bgit (?:apply|am|revert|restore|reset --hard|checkout (?:--|\S+ --)|stash|"
    r"cherry-pick|merge|pull|rebase)\b|\bpatch\b (?:-|<)|\b(?:cat|tee|echo|printf)\b[^|;&\n]{0,200}?>>? ?(?!/dev/|/tmp/|&)[\w./~-]+|"
    r"<<-?\s*['\"]?\w+['\"]?\s*>",
)
_PROSE = re.compile(
    r"(?:\.(?:md|mdx|txt|rst|adoc|org|tex)|(?:^|/)(?:licen[cs]e|changelog|authors|notice|readme|contributing))$",
    re.IGNORECASE,
)


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return steps by time; those of the same moment keep their order."""
    return tuple(sorted(steps, key=lambda step: step.at_ns))


def changes_files(step: Step) -> bool:
    """Tell whether a step changed files: an edit that did not fail, or a command known to write.

    Formatters and generators don't count: they follow the edits, they don't make them.
    """
    if step.kind is StepKind.EDIT:
        return step.ok is not False
    return step.kind is StepKind.COMMAND and _CHANGING.search(step.command[:2_000]) is not None


def is_prose(path: str) -> bool:
    """Tell whether a file holds prose, whose change leaves what tests say about the code as it was."""
    return _PROSE.search(path) is not None


def only_looks(command: str) -> bool:
    """Tell whether a command only looks at things, so that a non-zero status is an answer.

    >>> only_looks("cd src && grep -rn TODO . | head"), only_looks("git status"), only_looks("git commit -m x")
    (True, True, False)
    """
    commands = simple_commands(command)
    return bool(commands) and all(_looks(found.program, found.words) for found in commands)


def failed(step: Step) -> bool | None:
    """Tell whether a step failed; None when nothing says."""
    if step.exit_status is not None:
        return step.exit_status != 0
    return None if step.ok is None else not step.ok


def _looks(program: str, words: tuple[str, ...]) -> bool:
    if program in _LOOKING:
        return True
    return program in _LOOKING_VERBS and any(word in _LOOKING_VERBS[program] for word in words[1:3])
