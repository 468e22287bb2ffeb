"""``reasoningbank verdict``: judge what changed in files, without a daemon."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import apsw
import msgspec

from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.engine_log import log_to_stderr
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command
from reasoningbank_daemon.cli.reading import read_config
from reasoningbank_daemon.config import Config
from reasoningbank_daemon.quality.callers import caller_issues
from reasoningbank_daemon.quality.edit import Edit, readable_text
from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_daemon.quality.git_changes import GitError, WorkTree
from reasoningbank_daemon.quality.known_texts import MOST_BYTES, text_on_disk
from reasoningbank_daemon.quality.projects.policies import Policies
from reasoningbank_daemon.quality.projects.project import project_root
from reasoningbank_daemon.quality.projects.project_config import ProjectConfigError
from reasoningbank_daemon.quality.reports.for_people import people_report
from reasoningbank_daemon.quality.reports.github import github_report
from reasoningbank_daemon.quality.reports.judged_file import JudgedFile
from reasoningbank_daemon.quality.reports.sarif import sarif_report
from reasoningbank_daemon.quality.reviewer import Reviewer, second_engines, standard_engines
from reasoningbank_daemon.services.projects import project_key
from reasoningbank_daemon.services.version import CODE_VERSION
from reasoningbank_daemon.storage import sqlite
from reasoningbank_daemon.storage.queries.false_alarms import read_false_alarms
from reasoningbank_schema.verdicts import Category, EditVerdict, Label, Severity

FILE_TIMEOUT_S = 30.0
"""For one file; nobody waits for a hook here."""

_OF_A_HOOK = ("GIT_DIR", "GIT_INDEX_FILE")
"""git sets these for its hooks; they hold where the hook was started, and mislead git in other folders."""

_EPILOG = """\
Without an option, files are compared with the last commit, and a file that
git does not know is new. Exit codes: 0 where nothing was found that --fail-on
names, 1 where something was, 64 for a wrong command line, 66 for a path, a
revision or a repository that is not there, 78 for a wrong configuration.

  reasoningbank verdict                        what is not committed yet in this folder
  reasoningbank verdict --staged               what the next commit would bring in
  reasoningbank verdict --diff main --format sarif
  reasoningbank verdict new.py --before old.py
"""


def add_verdict_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``verdict``."""
    parser.epilog = _EPILOG
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (this folder)")
    sources = parser.add_mutually_exclusive_group()
    sources.add_argument(
        "--diff", metavar="REV", help="compare the files with a revision of git; main... is where this branch left main"
    )  # fmt: skip
    sources.add_argument("--staged", action="store_true", help="judge what is staged, not what is on disk")
    sources.add_argument("--before", metavar="FILE", help="compare one PATH with another file")
    parser.add_argument(
        "--format", choices=("text", "json", "sarif", "github"), default="text", metavar="FORMAT",
        help="text, json, sarif, github (text)",
    )  # fmt: skip
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="the same as --format json"
    )
    parser.add_argument(
        "--fail-on", choices=("worse", "broken", "security", "nothing"), default="worse", metavar="WHAT",
        help="worse, broken, security, nothing (worse)",
    )  # fmt: skip
    parser.add_argument("--notes", action="store_true", help="show notes too")
    parser.add_argument(
        "--types", action="store_true", help="look at callers in other files, and ask ty and ShellCheck"
    )
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto, always, never (auto)",
    )  # fmt: skip


def run_verdict(arguments: argparse.Namespace, context: Context) -> int:
    """Judge the changes and report them."""
    log_to_stderr(context)
    files = list(_judged(arguments, context))
    if arguments.format == "json":
        context.say_json([msgspec.to_builtins(file.verdict) for file in files])
    elif arguments.format == "sarif":
        context.say_json(sarif_report(files, version=CODE_VERSION, notes=arguments.notes))
    elif arguments.format == "github":
        for line in github_report(files, notes=arguments.notes):
            context.say(line)
    elif not files:
        context.say(_nothing_to_judge(arguments, _revision(arguments, context)))
    else:
        for line in people_report(files, coloured=_coloured(arguments.color, context), notes=arguments.notes):
            context.say(line)
    failed = any(fails(file.verdict, arguments.fail_on) for file in files)
    return ExitCode.FAILED if failed else ExitCode.OK


def fails(verdict: EditVerdict, fail_on: str) -> bool:
    """Tell whether a verdict is one that `--fail-on` names."""
    match fail_on:
        case "worse":
            return verdict.label in (Label.WORSE, Label.BROKEN)
        case "broken":
            return verdict.label is Label.BROKEN
        case "security":
            return any(
                each.category is Category.SECURITY and each.severity is not Severity.NOTE
                for each in verdict.issues
            )
        case _:
            return False


def _nothing_to_judge(arguments: argparse.Namespace, revision: str | None) -> str:
    """Say where no text was found that is new: a deleted file has none."""
    if revision is not None:
        begin = revision.removesuffix("...")
        where = f"No text differs from {begin if begin == revision else f'where this branch left {begin}'}"
    elif arguments.staged:
        where = "No changed text is staged (git add stages one)"
    else:
        where = "No text differs from the last commit"
    return f"{where}, so there is nothing to judge."


def _judged(arguments: argparse.Namespace, context: Context) -> Iterator[JudgedFile]:
    config = read_config(context)
    programs = Programs(oxlint=lambda: config.quality.oxlint)
    engines = standard_engines(programs=programs)
    if arguments.types:
        engines = (*engines, *second_engines(programs=programs))
    policies = _policies(config, context)
    with closing(Reviewer(engines)) as reviewer:
        for edit in _edits(arguments, context):
            try:
                policy = policies.policy_for(edit.path)
            except ProjectConfigError as error:
                raise CommandError(
                    str(error),
                    code=ExitCode.BAD_CONFIGURATION,
                    next_step="fix that line; docs/quality.md says what the file may hold",
                ) from error
            callers = caller_issues(edit) if arguments.types else ()
            deadline = context.monotonic_s() + FILE_TIMEOUT_S
            verdict = reviewer.examine(edit, deadline, policy=policy, history=callers).verdict
            path = _path_from(context.cwd, edit.path)
            shown = msgspec.structs.replace(verdict, path=_printable(path))
            yield JudgedFile(verdict=shown, path=path, text=readable_text(edit.after))


def _policies(config: Config, context: Context) -> Policies:
    counts: dict[str, Mapping[str, int]] = {}

    def false_alarms(folder: str) -> Mapping[str, int]:
        if folder not in counts:
            counts[folder] = _false_alarms(context, folder)
        return counts[folder]

    return Policies(engines_off=lambda: config.quality.engines_off, false_alarms=false_alarms)


def _false_alarms(context: Context, folder: str) -> Mapping[str, int]:
    """Return the counts of the bank; none where there is no bank yet. One that can't be read costs no verdict."""
    if not context.paths.bank.exists():
        return {}
    try:
        with closing(sqlite.open_reader(context.paths.bank)) as db:
            return read_false_alarms(db, project_key(folder))
    except apsw.Error as error:
        context.warn(f"reasoningbank verdict: the bank can't be read, so no false alarm is known: {error}")
        return {}


def _edits(arguments: argparse.Namespace, context: Context) -> Iterator[Edit]:
    paths = [os.path.normpath(context.cwd / each) for each in arguments.paths]
    if arguments.before is not None:
        yield _compared(paths, Path(context.cwd / arguments.before))
        return
    try:
        for folder, inside in _by_repository(paths or [str(context.cwd)], context).items():
            yield from _changed(arguments, folder, inside, context)
    except GitError as error:
        raise CommandError(
            f"git can't say what changed: {error}",
            code=ExitCode.NOT_FOUND,
            next_step="name a file with --before FILE, or go into a git repository",
        ) from error


def _by_repository(paths: Sequence[str], context: Context) -> dict[str, list[str]]:
    """Return the paths by a folder of the repository that they lie in, submodules apart."""
    in_hook = any(name in context.environment for name in _OF_A_HOOK)
    found: dict[str, list[str]] = {}
    for path in paths:
        root = str(context.cwd) if in_hook else project_root(str(Path(path) / "any"))
        found.setdefault(root or _folder_of(path), []).append(path)
    return found


def _folder_of(path: str) -> str:
    """Return the nearest folder that is there: a file in no project may lie in none that git could be asked in."""
    return next(str(folder) for folder in (Path(path), *Path(path).parents) if folder.is_dir())


def _revision(arguments: argparse.Namespace, context: Context) -> str | None:
    """Return what to compare with; pre-commit, asked about commits that are made, says where they begin."""
    begin = context.environment.get("PRE_COMMIT_FROM_REF") if arguments.staged else None
    revision: str | None = f"{begin}..." if begin else arguments.diff
    return revision


def _changed(
    arguments: argparse.Namespace, folder: str, paths: Sequence[str], context: Context
) -> Iterator[Edit]:
    revision = _revision(arguments, context)
    try:
        tree = WorkTree(Path(folder))
    except GitError:
        if not arguments.paths or arguments.staged or revision is not None:
            raise
        yield from (_new_file(path) for path in paths)  # outside of any repository, each is new
        return
    if revision is not None and not tree.has(revision):
        raise CommandError(
            f"git has no revision {revision!r}",
            code=ExitCode.NOT_FOUND,
            next_step="git branch, git tag or git log show what there is; main... is where this branch left main",
        )
    for path in paths:
        if not os.path.lexists(path) and not tree.knows(path, revision=revision):
            raise CommandError(
                f"{path} is not there, and git does not know it",
                code=ExitCode.NOT_FOUND,
                next_step=f"reasoningbank verdict, without a path, judges what changed below {context.cwd}",
            )
    if revision is not None:
        yield from tree.since(revision, paths)
    elif arguments.staged:
        yield from tree.staged(paths)
    else:
        yield from tree.uncommitted(paths)
    for name in tree.unread:
        shown = _printable(_path_from(context.cwd, str(tree.root / name)))
        context.warn(
            f"reasoningbank verdict: {shown} is not judged: it has more than {MOST_BYTES:,} bytes, or can't be read"
        )


def _compared(paths: Sequence[str], before: Path) -> Edit:
    if len(paths) != 1:
        raise CommandError(
            "--before needs exactly one PATH",
            code=ExitCode.USAGE,
            next_step=f"reasoningbank verdict PATH --before {before.name}",
        )
    return Edit(path=paths[0], before=_text(str(before)), after=_text(paths[0]))


def _new_file(path: str) -> Edit:
    return Edit(path=path, after=_text(path))


def _text(path: str) -> str:
    text = text_on_disk(path)
    if text is None:
        happened = "can't be read as a file" if os.path.lexists(path) else "is not there"
        raise CommandError(
            f"{path} {happened}", code=ExitCode.NOT_FOUND, next_step="name a file that can be read"
        )
    return text


def _path_from(cwd: Path, path: str) -> str:
    pure = Path(path)
    return str(pure.relative_to(cwd)) if pure.is_relative_to(cwd) else path


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # names need not be UTF-8


def _coloured(when: str, context: Context) -> bool:
    if when == "auto":
        return context.out.isatty() and not context.environment.get("NO_COLOR")
    return bool(when == "always")


COMMANDS = {"verdict": Command(add_verdict_arguments, run_verdict)}
