"""``reasoningbank hooks``: install, show or remove the hooks of a coding agent."""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
from importlib.metadata import version
from pathlib import Path

import msgspec

from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.daemon_process import daemon_program
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command
from reasoningbank_hooks.hosts import HOSTS as UNDERSTOOD
from reasoningbank_hooks.installer import (
    HookProgram,
    HookStatus,
    InstallError,
    Place,
    Plan,
    Scope,
    State,
    apply,
    find_claude_dir,
    find_interpreter,
    inspect,
    kept_environment,
    plan_install,
    plan_uninstall,
    target_path,
    unified_diff,
)

HOSTS = ("claude-code",)
"""Those that can be installed; more are understood."""

GIT_TIMEOUT_S = 10.0
_NOT_IGNORED_STATUS = 1
"""How `git check-ignore` ends for a path that is in a repository and not ignored."""

_NOT_IGNORED = (
    "git would commit that file, which is for this machine alone. Keep it out:\n"
    "  echo '**/.claude/settings.local.json' >> \"$(git rev-parse --git-path info/exclude)\""
)


def _host(name: str) -> str:
    if name in HOSTS:
        return name
    if name in UNDERSTOOD:
        raise argparse.ArgumentTypeError(
            f"{name} is understood, but only {', '.join(HOSTS)} can be installed yet; what {name} would have to "
            "call is in docs/hooks.md"
        )
    raise argparse.ArgumentTypeError(f"no agent is called {name!r}; allowed: {', '.join(HOSTS)}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``hooks``."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    install = actions.add_parser("install", help="install the hooks, or bring them up to date")
    _add_target(install)
    uninstall = actions.add_parser("uninstall", help="take the hooks out and leave everything else as it is")
    _add_target(uninstall)
    status = actions.add_parser("status", help="show what is installed and whether it is up to date")
    status.add_argument("host", nargs="?", default=HOSTS[0], type=_host, metavar="HOST", help=_HOST_HELP)
    status.add_argument("--json", action="store_true", help="write JSON")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Do what the action says."""
    try:
        if arguments.action == "status":
            return _show_status(context, as_json=arguments.json)
        scope = Scope(arguments.scope)
        nothing = "Everything is in place already."
        if arguments.action == "install":
            plan = plan_install(
                hook_program(context), scope, place(context), version=version("reasoningbank")
            )
            if scope is Scope.PROJECT and _git_sees(
                context, target_path(scope, place(context), context.paths)
            ):
                plan = msgspec.structs.replace(plan, notes=(*plan.notes, _NOT_IGNORED))
        else:
            nothing = "No hooks of ReasoningBank are there; nothing was changed."
            plan = plan_uninstall(scope, place(context), context.paths)
        return _carry_out(context, plan, nothing=nothing, dry_run=arguments.dry_run)
    except InstallError as error:
        raise CommandError(str(error), code=ExitCode.CANNOT_CREATE) from error


def hook_program(context: Context, *, starts_daemon: bool = True) -> HookProgram:
    """Describe the hook program of this installation; it starts the daemon when a session finds none."""
    return HookProgram(
        interpreter=find_interpreter(),
        paths=context.paths,
        daemon=daemon_program() if starts_daemon else (),
        environment=kept_environment(context.environment),
    )


def hook_status(context: Context) -> HookStatus:
    """Return what is installed, compared with what this version would install."""
    return inspect(hook_program(context), place(context), version=version("reasoningbank"))


def place(context: Context) -> Place:
    """Return the folders of this user and this project."""
    return Place(claude_dir=find_claude_dir(context.environment, home=context.home), project_dir=context.cwd)


def _git_sees(context: Context, path: Path) -> bool:
    """Say whether git would offer the file for a commit; it names a path of this machine, so it should not."""
    try:
        asked = subprocess.run(
            ["git", "-C", str(context.cwd), "check-ignore", "--quiet", str(path)],
            env=dict(context.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False  # without an answer of git nothing is known, and nothing depends on it
    return asked.returncode == _NOT_IGNORED_STATUS


_HOST_HELP = f"the agent: {', '.join(HOSTS)}"


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("host", type=_host, metavar="HOST", help=_HOST_HELP)
    scopes = parser.add_mutually_exclusive_group()
    for scope, meaning in (
        (Scope.USER, "for all your projects, in your own settings (the default)"),
        (Scope.PROJECT, "for the project in this folder, in its settings.local.json"),
        (Scope.PLUGIN, "as a plugin folder, which the agent's own command installs"),
    ):
        scopes.add_argument(
            f"--{scope.value}", dest="scope", action="store_const", const=scope.value, help=meaning
        )
    parser.set_defaults(scope=Scope.USER.value)
    parser.add_argument("--dry-run", action="store_true", help="show what would change and change nothing")


def _carry_out(context: Context, plan: Plan, *, nothing: str, dry_run: bool) -> int:
    if dry_run:
        context.say(unified_diff(plan) or "No file would change.")
        for folder in plan.removed_folders:
            context.say(f"Would delete {folder}")
        return ExitCode.OK
    if not plan.changes and not plan.removed_folders:
        context.say(nothing)
    else:
        stamp = dt.datetime.fromtimestamp(context.now_ns() / 1e9, tz=dt.UTC).strftime("%Y%m%dT%H%M%S")
        applied = apply(plan, stamp=stamp)
        for path in applied.changed:
            context.say(f"Wrote {path}" if path.exists() else f"Removed {path}")
        for backup in applied.backups:
            context.say(f"What was there before is in {backup}")
    for note in plan.notes:
        context.say(note)
    if plan.next_steps:
        context.say("Next:")
        for step in plan.next_steps:
            context.say(f"  {step}")
    return ExitCode.OK


def _show_status(context: Context, *, as_json: bool) -> int:
    status = hook_status(context)
    if as_json:
        context.say_json(msgspec.to_builtins(status, enc_hook=str))
    else:
        context.say(f"hook program  {status.program.value:<10} {status.executable}")
        for scope in status.scopes:
            detail = f"  ({scope.detail})" if scope.state is State.OUTDATED else ""
            context.say(f"{scope.scope.value:<12}  {scope.state.value:<10} {scope.path}{detail}")
        for problem in status.problems:
            context.say(f"problem: {problem}")
        if all(scope.state is State.ABSENT for scope in status.scopes):
            context.say("No agent calls ReasoningBank yet. Next: reasoningbank hooks install claude-code")
    return ExitCode.FAILED if status.problems else ExitCode.OK


COMMANDS = {"hooks": Command(add_arguments, run)}
