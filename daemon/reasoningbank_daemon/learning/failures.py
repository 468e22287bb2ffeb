"""Find the steps that failed and were left so at the end of a task."""

from __future__ import annotations

from reasoningbank_daemon.learning.checks import checks_in
from reasoningbank_daemon.learning.steps import changes_files, failed, only_looks
from reasoningbank_daemon.learning.trajectory import Evidence, EvidenceKind, Step, StepKind
from reasoningbank_daemon.learning.wording import one_line

_ONE_FAILURE = -0.5
COMMAND_CHARS = 80


def tool_failures(steps: tuple[Step, ...]) -> list[Evidence]:
    """Return evidence for each failed step after which nothing succeeded any more.

    Parameters
    ----------
    steps
        By time.

    Notes
    -----
    Left out are checks (they are evidence of their own), commands that only look (``grep`` that finds nothing),
    interrupted steps, and reading tools: agents probe. One failure counts -0.5; more add up by noisy-or.
    """
    found: list[Evidence] = []
    for step in steps:
        verdict = failed(step)
        if verdict is None or step.interrupted or _does_not_matter(step):
            continue
        if not verdict:
            found = []
            continue
        found.append(
            Evidence(
                kind=EvidenceKind.TOOL_FAILURES,
                at_ns=step.at_ns,
                value=_ONE_FAILURE,
                detail=f"left unresolved: {_named(step)} failed",
            )
        )
    return found


def _does_not_matter(step: Step) -> bool:
    if step.kind is StepKind.COMMAND:
        is_check = bool(checks_in(step.command, exit_status=step.exit_status, output=""))
        return only_looks(step.command) or (is_check and not changes_files(step))
    return step.kind is StepKind.TOOL


def _named(step: Step) -> str:
    if step.kind is StepKind.COMMAND:
        status = f" (exit status {step.exit_status})" if step.exit_status is not None else ""
        return f"`{one_line(step.command, COMMAND_CHARS)}`{status}"
    return f"{step.tool or step.kind.value} {step.path}".strip()
