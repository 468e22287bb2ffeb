"""Put what an earlier task can tell another one into words: facts, never advice.

A lesson says what was asked, what was changed, what failed first and what resolved it, which command verified it,
and how the task ended with the evidence for that. Failures are told as successes are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from reasoningbank_daemon.learning.checks import checks_in
from reasoningbank_daemon.learning.features import TaskKind, describe
from reasoningbank_daemon.learning.steps import changes_files, failed, in_order, only_looks
from reasoningbank_daemon.learning.trajectory import (
    Judgement,
    Label,
    Lesson,
    Step,
    StepKind,
    Trajectory,
)
from reasoningbank_daemon.learning.wording import one_line
from reasoningbank_schema.advice import INJECTED_OPEN

MAX_CHARS = 1_500
TITLE_CHARS = 100
ASKED_CHARS = 260
COMMAND_CHARS = 120
FINDING_CHARS = 160
EVIDENCE_CHARS = 140
FILES_NAMED = 6
TURNED_POINTS = 2
"""How many failures with what resolved them are told, the last ones."""

DOCUMENT_CHARS = 20_000
"""How much text the lexical index gets of one task."""

_TELLING = re.compile(
    r"\w*(?:error|exception)\b|\b(?:fatal|cannot|not found|undefined|denied|missing|panic)\b", re.IGNORECASE
)
_INJECTED = re.compile(rf"{re.escape(INJECTED_OPEN)}.*?(?=\n[ \t]*\n|\Z)", re.DOTALL)


def tell(trajectory: Trajectory, judgement: Judgement) -> Lesson | None:
    """Return what a judged task has to tell, None when that is nothing.

    Nothing is told of a task without steps, of one that only looked at things (a question), and of one that is
    not judged and has neither a change nor a failure that was resolved.

    Returns
    -------
    Lesson | None
        ``text`` has at most 1,500 characters and no text that ReasoningBank itself put before a model.
    """
    steps = _within(trajectory.folder, in_order(trajectory.steps))
    turned = _turning_points(steps)
    if not _is_worth_telling(trajectory, judgement, steps, turned):
        return None
    title = one_line(without_injected(trajectory.goal), TITLE_CHARS)
    if not title:
        return None
    parts = [
        _asked(trajectory),
        _changed(steps),
        *turned[-TURNED_POINTS:],
        _verified(steps),
        _ended(judgement),
        _left_behind(steps),
    ]
    return Lesson(title=title, text=_fitted([part for part in parts if part]))


def document_text(trajectory: Trajectory, lesson: Lesson) -> str:
    """Return what the lexical index holds of a task: goal, prompts, paths, commands and the lesson, each once."""
    pieces = [trajectory.goal, *(turn.prompt for turn in trajectory.turns)]
    pieces += [step.path for step in trajectory.steps if step.path]
    pieces += [step.command for step in trajectory.steps if step.command]
    pieces += [lesson.title, lesson.text]
    cleaned = (without_injected(piece).strip() for piece in pieces)
    return "\n".join(dict.fromkeys(piece for piece in cleaned if piece))[:DOCUMENT_CHARS]


def without_injected(text: str) -> str:
    r"""Remove what ReasoningBank put before a model: from its mark to the end of that paragraph.

    >>> without_injected("fix it\n[ReasoningBank] From an earlier task: x\ny\n\nplease")
    'fix it\n\n\nplease'
    """
    return _INJECTED.sub("", text)


def _within(folder: str, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Name files as seen from the session's folder: shorter, and true in another copy of the project too."""
    base = folder.rstrip("/") + "/"
    if base == "/":
        return steps
    return tuple(msgspec.structs.replace(step, path=step.path.removeprefix(base)) for step in steps)


def _is_worth_telling(
    trajectory: Trajectory, judgement: Judgement, steps: tuple[Step, ...], turned: list[str]
) -> bool:
    if not steps:
        return False
    edited = any(changes_files(step) for step in steps)
    if not edited and not turned and _only_looked(trajectory, steps):
        return False
    return judgement.label is not Label.UNKNOWN or edited or bool(turned)


def _only_looked(trajectory: Trajectory, steps: tuple[Step, ...]) -> bool:
    looked = all(step.kind is StepKind.TOOL or (step.command and only_looks(step.command)) for step in steps)
    return looked or describe(trajectory.goal).kind is TaskKind.QUESTION


def _asked(trajectory: Trajectory) -> str:
    asked = f"Asked: {_closed(_quoted(trajectory.goal, ASKED_CHARS))}"
    later = [turn.prompt for turn in trajectory.turns[1:] if turn.prompt.strip()]
    if later:
        asked += f" Last said on it: {_closed(_quoted(later[-1], EVIDENCE_CHARS))}"
    return asked


def _changed(steps: tuple[Step, ...]) -> str:
    paths = list(dict.fromkeys(step.path for step in steps if step.path and changes_files(step)))
    if not paths:
        return ""
    named = ", ".join(paths[:FILES_NAMED])
    more = f" and {len(paths) - FILES_NAMED} more" if len(paths) > FILES_NAMED else ""
    return f"Changed: {named}{more}."


def _turning_points(steps: tuple[Step, ...]) -> list[str]:
    """Find commands that failed and later succeeded, with the files that were changed in between."""
    found: list[str] = []
    failing: dict[str, tuple[int, Step]] = {}
    for position, step in enumerate(steps):
        if step.kind is not StepKind.COMMAND or failed(step) is None or only_looks(step.command):
            continue
        if failed(step):
            failing.setdefault(step.command, (position, step))
        elif step.command in failing:
            start, first = failing.pop(step.command)
            found.append(_turned(first, steps[start:position]))
    return found


def _turned(first: Step, between: tuple[Step, ...]) -> str:
    paths = list(dict.fromkeys(step.path for step in between if step.path and changes_files(step)))
    commands = [
        step.command
        for step in between[1:]
        if step.kind is StepKind.COMMAND and not failed(step) and not only_looks(step.command)
    ]
    if paths:
        after = f"after changes to {', '.join(paths[:FILES_NAMED])}"
    elif commands:
        after = f"after {_command(commands[-1])}"
    else:
        after = "on a later run without a change in between"
    return f"Failed first: {_command(first.command)}{_status(first)}{_finding(first)}; it succeeded {after}."


def _verified(steps: tuple[Step, ...]) -> str:
    """Tell the last check whose outcome is known."""
    for step in reversed(steps):
        if step.kind is not StepKind.COMMAND:
            continue
        for check in reversed(checks_in(step.command, exit_status=step.exit_status, output=step.output)):
            if check.passed is not None:
                finding = f": {one_line(check.finding, FINDING_CHARS)}" if check.finding else ""
                outcome = "passed" if check.passed else "failed"
                return f"Last check: {_command(step.command)} {outcome} ({check.basis}{finding})."
    return ""


def _ended(judgement: Judgement) -> str:
    if judgement.probability is None:
        return "How it ended is not known: no evidence."
    words = {
        Label.SUCCESS: "Ended in success",
        Label.FAILURE: "Ended in failure",
        Label.UNKNOWN: "How it ended is doubtful",
    }[judgement.label]
    strongest = sorted(judgement.evidence, key=lambda item: (-abs(item.value), -item.at_ns))[:3]
    details = "; ".join(
        one_line(without_injected(item.detail), EVIDENCE_CHARS) for item in strongest if item.detail
    )
    return f"{words} (probability of success {judgement.probability:.2f}{': ' + details if details else ''})."


def _left_behind(steps: tuple[Step, ...]) -> str:
    last = {step.path: step.verdict for step in steps if step.kind is StepKind.EDIT and step.verdict}
    bad = [f"{path} ({verdict})" for path, verdict in last.items() if verdict in {"broken", "worse"}]
    return f"Edit verdicts left open: {', '.join(bad[:FILES_NAMED])}." if bad else ""


def _quoted(text: str, limit: int) -> str:
    return f'"{one_line(without_injected(text), limit)}"'


def _closed(quoted: str) -> str:
    """Return a quotation with a full stop behind it, unless it ends with a mark of its own."""
    return quoted if quoted[:-1].endswith((".", "!", "?", "…")) else f"{quoted}."


def _command(command: str) -> str:
    return f"`{one_line(without_injected(command), COMMAND_CHARS)}`"


def _status(step: Step) -> str:
    return f" (exit status {step.exit_status})" if step.exit_status is not None else ""


def _finding(step: Step) -> str:
    """Return the line of a failed command's output that says what was wrong, and the tool's summary."""
    checks = checks_in(step.command, exit_status=step.exit_status, output=step.output)
    summary = next((check.finding for check in checks if check.finding), "")
    lines = [line.strip() for line in step.output.splitlines() if line.strip()]
    telling = [
        line
        for line in lines
        if _TELLING.search(line) is not None and not (summary and summary in " ".join(line.split()))
    ]
    cause = telling[-1:] if telling or summary else lines[-1:]
    told = [_quoted(line, FINDING_CHARS) for line in (*cause, summary) if line]
    return f", {', '.join(told)}" if told else ""


def _fitted(parts: Iterable[str]) -> str:
    """Join parts to at most 1,500 characters; what is too long is shortened where it is longest."""
    pieces = list(parts)
    while sum(map(len, pieces)) + len(pieces) - 1 > MAX_CHARS:
        longest = max(range(len(pieces)), key=lambda number: len(pieces[number]))
        surplus = sum(map(len, pieces)) + len(pieces) - 1 - MAX_CHARS
        pieces[longest] = one_line(pieces[longest], max(40, len(pieces[longest]) - surplus))
        if len(pieces[longest]) <= 40:
            break
    return "\n".join(pieces)[:MAX_CHARS]
