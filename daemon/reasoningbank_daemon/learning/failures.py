"""Find the steps that failed and were left so at the end of a task."""

from __future__ import annotations

import re

from reasoningbank_daemon.learning.checks import checks_in
from reasoningbank_daemon.learning.steps import changes_files, failed, only_looks
from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind, Step, StepKind
from reasoningbank_daemon.learning.wording import one_line

_ONE_FAILURE = -0.5
_OTHER_TOOL = -0.3
_LOOKING_TOOL = re.compile(
    r"read|view|grep|glob|search|fetch|find|list|^ls$|get|show|todo|think", re.IGNORECASE
)
COMMAND_CHARS = 80


def tool_failures(steps: tuple[Step, ...]) -> list[Evidence]:
    """Return evidence for each failed step after which nothing succeeded any more.

    Parameters
    ----------
    steps
        By time.

    Notes
    -----
    Left out are checks (they are evidence of their own), commands and tools that only look (``grep`` that finds
    nothing), and interrupted steps. A failed tool is resolved by a later success of the same tool, or of an edit or
    a command. One failed command or edit counts -0.5, another tool -0.3; several add up by noisy-or.
    """
    open_failures: list[Step] = []
    for step in steps:
        verdict = failed(step)
        if verdict is None or step.interrupted or _does_not_matter(step):
            continue
        if verdict:
            open_failures += [] if _is_check(step) else [step]
        elif step.kind is StepKind.TOOL:
            open_failures = [failure for failure in open_failures if failure.tool != step.tool]
        else:
            open_failures = []
    return [
        Evidence(
            kind=EvidenceKind.TOOL_FAILURES,
            at_ns=step.at_ns,
            value=_OTHER_TOOL if step.kind is StepKind.TOOL else _ONE_FAILURE,
            detail=f"left unresolved: {_named(step)} failed",
        )
        for step in open_failures
    ]


def _does_not_matter(step: Step) -> bool:
    if step.kind is StepKind.COMMAND:
        return only_looks(step.command)
    return step.kind is StepKind.TOOL and _LOOKING_TOOL.search(step.tool) is not None


def _is_check(step: Step) -> bool:
    is_check = bool(checks_in(step.command, exit_status=step.exit_status, output=""))
    return step.kind is StepKind.COMMAND and is_check and not changes_files(step)


def _named(step: Step) -> str:
    if step.kind is StepKind.COMMAND:
        status = f" (exit status {step.exit_status})" if step.exit_status is not None else ""
        return f"`{one_line(step.command, COMMAND_CHARS)}`{status}"
    return f"{step.tool or step.kind.value} {step.path}".strip()
