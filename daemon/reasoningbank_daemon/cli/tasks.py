"""``reasoningbank tasks``: what is on record."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import msgspec

from reasoningbank_daemon.cli import wording
from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command, whole_number
from reasoningbank_daemon.cli.reading import open_bank
from reasoningbank_daemon.learning.trajectory import Evidence, Step
from reasoningbank_daemon.storage import sqlite
from reasoningbank_daemon.storage.queries.tasks import (
    StoredDecision,
    TaskDetail,
    TaskLine,
    Usage,
    read_task,
    recent_tasks,
)

GOAL_WIDTH = 60
TEXT_WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``tasks``."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show the latest tasks, the newest first")
    listing.add_argument("-n", "--limit", type=whole_number(1), default=20, metavar="N", help="how many (20)")
    listing.add_argument(
        "--before", type=whole_number(1), metavar="ID", help="only tasks older than this one"
    )
    listing.add_argument("--json", action="store_true", help="write JSON")
    show = actions.add_parser("show", help="show one task: prompts, steps, decisions, outcome and cost")
    show.add_argument("id", type=whole_number(1), metavar="ID", help="its number, as `tasks list` shows it")
    show.add_argument("--diffs", action="store_true", help="show what each edit changed")
    show.add_argument("--json", action="store_true", help="write JSON")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Do what the action says."""
    with open_bank(context) as db, sqlite.snapshot(db):
        if arguments.action == "list":
            tasks = recent_tasks(db, limit=arguments.limit, before_id=arguments.before)
            detail = None
        else:
            tasks, detail = (), read_task(db, arguments.id)
    if arguments.action == "list":
        _list(context, tasks, before_id=arguments.before, as_json=arguments.json)
        return ExitCode.OK
    if detail is None:
        raise no_task(arguments.id)
    if arguments.json:
        context.say_json(msgspec.to_builtins(detail))
    else:
        for line in describe_task(detail, diffs=arguments.diffs):
            context.say(line)
    return ExitCode.OK


def no_task(task_id: int) -> CommandError:
    """Return the error of a command that names a task which is not there."""
    return CommandError(
        f"there is no task {task_id}", code=ExitCode.NOT_FOUND, next_step="reasoningbank tasks list"
    )


def _list(context: Context, tasks: tuple[TaskLine, ...], *, before_id: int | None, as_json: bool) -> None:
    if as_json:
        context.say_json(msgspec.to_builtins(tasks))
        return
    if not tasks:
        context.say(
            "No task is on record yet." if before_id is None else f"No task is older than task {before_id}."
        )
        return
    rows = [("ID", "STARTED", "OUTCOME", "STEPS", "TIME", "COST", "MODEL", "GOAL")]
    rows += [
        (
            str(task.id),
            wording.moment(task.started_ns)[:16],
            _outcome(task),
            str(task.steps),
            wording.duration(task.duration_s),
            wording.money(task.cost_usd),
            task.model or "-",
            wording.shorten(f"{_kind(task)}{wording.goal(task.goal, GOAL_WIDTH)}", GOAL_WIDTH),
        )
        for task in tasks
    ]
    for line in wording.table(rows):
        context.say(line)


def describe_task(detail: TaskDetail, *, diffs: bool = False) -> Iterator[str]:
    """Yield the lines that show one task to a person."""
    task = detail.line
    yield f"Task {task.id}: {wording.goal(task.goal, TEXT_WIDTH)}"
    yield f"  project   {wording.project(task.project) or 'not known'} ({task.host}, {task.kind})"
    yield f"  time      {wording.moment(task.started_ns)}, {_ending(task)}"
    yield f"  model     {task.model or 'not known'}"
    yield f"  cost      {_cost(detail.usage)}"
    unjudged = task.ended_ns is not None and not detail.evidence
    yield f"  outcome   {_outcome(task)}{' (no evidence)' if unjudged else ''}"
    yield from _evidence(detail.evidence, "because")
    yield from _evidence(detail.withdrawn, "no longer counted")
    if detail.children:
        noun = "task" if len(detail.children) == 1 else "tasks"
        yield f"  subagents {noun} {', '.join(map(str, detail.children))}"
    for turn in detail.trajectory.turns:
        yield f"  prompt    {wording.goal(turn.prompt, TEXT_WIDTH)}"
    steps = zip(detail.trajectory.steps, detail.details, strict=True)
    for number, (step, stored) in enumerate(steps, start=1):
        yield f"  step {number:<4} {_step(step)}"
        if diffs:
            yield from (f"            {line}" for line in stored.diff.splitlines())
    for decision in detail.decisions:
        yield f"  decision  {_decision(decision)}"
    for given in detail.feedback:
        said = given.note.removesuffix(": ")  # a rule alone, with nothing said about it
        note = f": {wording.shorten(said, TEXT_WIDTH)}" if said else ""
        yield f"  feedback  {wording.moment(given.at_ns)} {given.rating}{note}"
    if detail.experience_id is not None:
        yield f"  lesson    experience {detail.experience_id}, for later tasks"


def _kind(task: TaskLine) -> str:
    return "" if task.kind == "main" else f"[{task.kind}] "


def _ending(task: TaskLine) -> str:
    lasted = "" if task.duration_s is None else f"{wording.duration(task.duration_s)}, "
    return f"{lasted}closed by {task.closed_by}" if task.closed_by else f"{lasted}still open"


def _outcome(task: TaskLine) -> str:
    label = task.label or ("open" if task.ended_ns is None else "unknown")
    return label if task.probability is None else f"{label} {task.probability:.0%}"


def _cost(usage: Usage) -> str:
    if usage.cost_usd is None:
        return f"not known: {usage.cost_unknown or 'nothing was reported'}"
    tokens = [
        wording.count(number, name)
        for number, name in (
            (usage.tokens_input, "input token"),
            (usage.tokens_output, "output token"),
            (usage.tokens_cache_read, "token read from the cache"),
        )
        if number
    ]
    return f"{wording.money(usage.cost_usd)} ({', '.join(tokens)}; price list {usage.price_list})"


def _evidence(evidence: tuple[Evidence, ...], word: str) -> Iterator[str]:
    for item in evidence:
        detail = f": {wording.shorten(item.detail, TEXT_WIDTH)}" if item.detail else ""
        yield f"            {word} {item.kind.value.replace('_', ' ')} {item.value:+.2f}{detail}"


def _step(step: Step) -> str:
    ended = "" if step.ok is None else "ok" if step.ok else "failed"
    if step.exit_status is not None:
        ended = f"exit {step.exit_status}"
    what = step.command or step.path or step.tool
    verdict = f"verdict {step.verdict}" if step.verdict else ""
    notes = ", ".join(note for note in (ended, verdict, "interrupted" if step.interrupted else "") if note)
    return f"{step.kind.value:<8} {wording.shorten(what, TEXT_WIDTH)}" + (f" ({notes})" if notes else "")


def _decision(decision: StoredDecision) -> str:
    sure = "" if decision.confidence is None else f", {decision.confidence:.0%} sure"
    told = "" if decision.experience_id is None else f"; experience {decision.experience_id} was given"
    applied = "applied" if decision.applied else "not applied"
    return f"{decision.model}, from {wording.count(decision.evidence, 'judged task')}{sure}, {applied}{told}"


COMMANDS = {"tasks": Command(add_arguments, run)}
