"""``reasoningbank recall``, ``remember`` and ``feedback``: talk to the bank by hand."""

from __future__ import annotations

import argparse

import msgspec

from reasoningbank_daemon.cli import asking, wording
from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command, whole_number
from reasoningbank_daemon.cli.reading import open_bank
from reasoningbank_daemon.cli.tasks import no_task
from reasoningbank_daemon.services.projects import project_key
from reasoningbank_daemon.storage import sqlite
from reasoningbank_daemon.storage.queries.false_alarms import read_false_alarms
from reasoningbank_daemon.storage.queries.tasks import TaskLine, read_task, recent_tasks
from reasoningbank_daemon.storage.queries.upkeep import project_id
from reasoningbank_schema.messages import MAX_RECALLED, Rating


def add_recall_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``recall``."""
    parser.add_argument("query", metavar="QUERY", help="a task or a question, in words")
    parser.add_argument(
        "-n", "--limit", type=whole_number(1, MAX_RECALLED), default=5, metavar="N",
        help="how many experiences (5)",
    )  # fmt: skip
    parser.add_argument(
        "--all-projects", action="store_true", help="do not prefer the project of this folder"
    )
    parser.add_argument("--json", action="store_true", help="write JSON")


def run_recall(arguments: argparse.Namespace, context: Context) -> int:
    """Show experiences like the query, best first."""
    if not arguments.query.strip():
        raise CommandError(
            "the question is empty", code=ExitCode.USAGE, next_step='reasoningbank recall "what you look for"'
        )
    cwd = "" if arguments.all_projects else str(context.cwd)
    found = asking.recall(context, arguments.query, cwd=cwd, limit=arguments.limit)
    if arguments.json:
        context.say_json(msgspec.to_builtins(found))
        return ExitCode.OK
    if not found.experiences:
        context.say("Nothing similar is on record.")
    for experience in found.experiences:
        where = "" if arguments.all_projects else _where(same_project=experience.same_project)
        below = "" if experience.likeness >= found.threshold else ", below the threshold"
        kind = "your own lesson" if experience.outcome == "told" else f"outcome {experience.outcome}"
        context.say(f"{experience.id}  likeness {experience.likeness:.2f}{below}{where}, {kind}")
        for line in experience.text.splitlines():
            context.say(f"   {line}")
    context.say(
        f"Found by: {found.embedder}. Agents get one from likeness {found.threshold:.3f} on ({found.threshold_basis})."
    )
    return ExitCode.OK


def _where(*, same_project: bool) -> str:
    return ", this project" if same_project else ", another project"


def add_remember_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``remember``."""
    parser.add_argument("text", metavar="TEXT", help="the lesson, as a fact")
    parser.add_argument("--title", default="", metavar="TITLE", help="what it is about")
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="may be given several times"
    )
    parser.add_argument(
        "--all-projects", action="store_true", help="do not tie it to the project of this folder"
    )


def run_remember(arguments: argparse.Namespace, context: Context) -> int:
    """Store the lesson and return when it is on disk."""
    if not arguments.text.strip():
        raise CommandError(
            "the lesson is empty", code=ExitCode.USAGE, next_step='reasoningbank remember "what is so"'
        )
    cwd = "" if arguments.all_projects else str(context.cwd)
    receipt = asking.remember(
        context, arguments.text, title=arguments.title, cwd=cwd, tags=tuple(arguments.tag)
    )
    context.say(f"Stored as experience {receipt.experience_id}.")
    return ExitCode.OK


def add_feedback_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``feedback``."""
    parser.add_argument(
        "rating", choices=[rating.value for rating in Rating], metavar="RATING", help=", ".join(Rating)
    )
    parser.add_argument(
        "--task", type=whole_number(1), metavar="ID", help="the task it is about (default: the latest)"
    )
    parser.add_argument("--note", default="", metavar="TEXT", help="in your own words")
    parser.add_argument(
        "--rule",
        metavar="RULE",
        help="with false_alarm: the quality rule that was wrong in this folder's project",
    )


def run_feedback(arguments: argparse.Namespace, context: Context) -> int:
    """Store the rating as evidence about a task."""
    rating = Rating(arguments.rating)
    rule: str | None = arguments.rule
    if rule is not None:
        _check_rule(rule, rating)
    task = (
        _latest_task(context, arguments) if arguments.task is None else _named_task(context, arguments.task)
    )
    note = f"{rule}: {arguments.note}" if rule else arguments.note
    asking.feedback(context, rating, task_id=task.id, note=note)
    goal = wording.goal(task.goal, 60).rstrip(".")
    context.say(f"Stored for task {task.id}: {goal}. See: reasoningbank tasks show {task.id}")
    if rule:
        context.say(_effect(context, rule, task))
    elif rating is Rating.FALSE_ALARM:
        context.say("No rule was named, so none weighs less from now on; --rule RULE names one.")
    return ExitCode.OK


def _check_rule(rule: str, rating: Rating) -> None:
    # Not loaded for the other commands of this module: finding all rules costs more than asking the daemon does.
    from reasoningbank_daemon.quality.projects.known_names import fault_in_rule, rule_names  # noqa: PLC0415

    if rating is not Rating.FALSE_ALARM:
        raise CommandError(
            "--rule needs the rating false_alarm",
            code=ExitCode.USAGE,
            next_step=f"reasoningbank feedback false_alarm --rule {rule or 'RULE'}",
        )
    if fault := fault_in_rule(rule, rule_names(), beginnings=False):
        raise CommandError(
            fault,
            code=ExitCode.USAGE,
            next_step="reasoningbank verdict --notes shows what each finding is called",
        )


def _effect(context: Context, rule: str, task: TaskLine) -> str:
    with open_bank(context) as db:
        count = read_false_alarms(db, task.project).get(rule, 0)
    times = "once" if count == 1 else f"{count} times"
    told = f"{rule} was called a false alarm {times} in {wording.project(task.project)}"
    if rule.endswith(("syntax", "syntax-error")):
        return f"{told}; a syntax error stays one all the same."
    return f"{told}: it weighs {'one step' if count == 1 else f'{count} steps'} less there, as far as a note."


def _named_task(context: Context, task_id: int) -> TaskLine:
    with open_bank(context) as db, sqlite.snapshot(db):
        found = read_task(db, task_id)
    if found is None:
        raise no_task(task_id)
    return found.line


def _latest_task(context: Context, arguments: argparse.Namespace) -> TaskLine:
    """Return the latest task, of this folder's project alone where what is said is about the project."""
    here = arguments.rule is not None
    with open_bank(context) as db:
        project = project_id(db, project_key(str(context.cwd))) if here else None
        known = not here or project is not None
        latest = next(iter(recent_tasks(db, limit=1, project_id=project)), None) if known else None
    if latest is None and here:
        raise CommandError(
            f"no task of this folder's project is on record yet: {context.cwd}",
            code=ExitCode.NOT_FOUND,
            next_step="go into the project's folder, or name a task of it as `reasoningbank tasks list` shows it: "
            f"reasoningbank feedback {arguments.rating} --rule {arguments.rule} --task ID",
        )
    if latest is None:
        raise CommandError(
            "no task is on record yet, so there is none to rate",
            code=ExitCode.NOT_FOUND,
            next_step="work with your agent, then: reasoningbank tasks list",
        )
    return latest


COMMANDS = {
    "recall": Command(add_recall_arguments, run_recall, text="QUERY"),
    "remember": Command(add_remember_arguments, run_remember, text="TEXT"),
    "feedback": Command(add_feedback_arguments, run_feedback, text="the note"),
}
