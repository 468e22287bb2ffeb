"""Install, inspect and remove the hooks of Claude Code."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path

import msgspec

from reasoningbank_hooks.installer import settings
from reasoningbank_hooks.installer.claude_hooks import HOST, hook_entries
from reasoningbank_hooks.installer.claude_plugin import MARKETPLACE, PLUGIN, plugin_files
from reasoningbank_hooks.installer.manifest import FILE as MANIFEST_FILE
from reasoningbank_hooks.installer.manifest import Installed, Manifest, read_manifest
from reasoningbank_hooks.installer.plan import (
    FileChange,
    FileReader,
    InstallError,
    Plan,
    only_changes,
    read_file,
    wanted,
)
from reasoningbank_hooks.installer.program import HookProgram, program_files
from reasoningbank_schema.paths import Paths


class Scope(enum.StrEnum):
    """Say for whom hooks are installed, and how."""

    USER = "user"
    PROJECT = "project"
    PLUGIN = "plugin"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the folders that belong to this user and this project."""

    claude_dir: Path
    project_dir: Path


class State(enum.StrEnum):
    """Say how things are at one scope."""

    ABSENT = "absent"
    INSTALLED = "installed"
    OUTDATED = "outdated"
    UNREADABLE = "unreadable"


class ScopeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Report one scope; ``detail`` tells what differs when it is outdated, or why it can't be read."""

    scope: Scope
    path: Path
    state: State
    detail: str = ""

    @property
    def calls_us(self) -> bool:
        """Say whether our hooks are known to be there, in whatever version."""
        return self.state in (State.INSTALLED, State.OUTDATED)


class HookStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Report what is installed; ``problems`` are sentences that each end in what to do."""

    executable: Path
    program: State
    scopes: tuple[ScopeStatus, ...]
    problems: tuple[str, ...] = ()


def find_claude_dir(environment: Mapping[str, str], *, home: Path) -> Path:
    """Return Claude Code's configuration folder."""
    configured = environment.get("CLAUDE_CONFIG_DIR")
    return Path(configured) if configured else home / ".claude"


def target_path(scope: Scope, place: Place, paths: Paths) -> Path:
    """Return what an installation edits or writes.

    Per project that is ``settings.local.json``: the entries name a path of this machine, which is nothing to
    share with the project's other people.
    """
    if scope is Scope.USER:
        return place.claude_dir / "settings.json"
    if scope is Scope.PROJECT:
        return place.project_dir / ".claude" / "settings.local.json"
    return paths.data_dir / "claude-plugin"


def plan_install(
    program: HookProgram, scope: Scope, place: Place, *, version: str, read: FileReader = read_file
) -> Plan:
    """Return the plan that installs the hooks, or brings an installation up to date.

    Raises
    ------
    InstallError
        When the settings file can't be edited safely.
    """
    target = target_path(scope, place, program.paths)
    changes = program_files(program, read)
    manifest = read_manifest(program.folder, read)
    installed = manifest.including(Installed(host=HOST, scope=scope, path=str(target)))
    changes.append(wanted(program.folder / MANIFEST_FILE, installed.encode(), read))
    notes: list[str] = []
    steps: tuple[str, ...] = ()
    if scope is Scope.PLUGIN:
        changes += _plugin_changes(program, target, version, read)
        steps = (
            f"claude plugin marketplace add {target}",
            f"claude plugin install {PLUGIN}@{MARKETPLACE}",
        )
    else:
        entries = hook_entries(program.executable, via="settings")
        content = read(target)
        after = settings.with_hooks(content, entries, host=HOST, path=target)
        changes.append(wanted(target, after, read, precious=True))
        if settings.parse_settings(content, path=target).get("disableAllHooks"):
            notes.append(f'{target} says "disableAllHooks": no hook runs until that is taken out.')
    notes.append("Claude Code reads its hooks when a session starts.")
    return Plan(
        changes=only_changes(changes),
        notes=tuple(notes),
        next_steps=steps,
        compile_with=program.interpreter,
        library=program.library,
    )


def plan_uninstall(scope: Scope, place: Place, paths: Paths, *, read: FileReader = read_file) -> Plan:
    """Return the plan that takes the hooks out; the last one takes the hook program along.

    Raises
    ------
    InstallError
        When the settings file can't be edited safely.
    """
    target = target_path(scope, place, paths)
    folder = paths.hook_dir
    installed = Installed(host=HOST, scope=scope, path=str(target))
    manifest = read_manifest(folder, read)
    rest = Manifest(places=tuple(p for p in manifest.without(installed).places if not _is_gone(p, read)))
    changes: list[FileChange] = []
    removed: list[Path] = []
    steps: tuple[str, ...] = ()
    if scope is Scope.PLUGIN:
        if target.is_dir():
            removed.append(target)
        steps = (
            f"claude plugin uninstall {PLUGIN}@{MARKETPLACE}",
            f"claude plugin marketplace remove {MARKETPLACE}",
        )
    else:
        after = settings.without_hooks(read(target), host=HOST, path=target)
        changes.append(wanted(target, after, read, precious=True))
    if rest.places:
        changes.append(wanted(folder / MANIFEST_FILE, rest.encode(), read))
    elif folder.is_dir():
        removed.append(folder)
    notes = [f"The hook program stays: {_caller(other)}." for other in rest.places[:1]]
    return Plan(
        changes=only_changes(changes), removed_folders=tuple(removed), notes=tuple(notes), next_steps=steps
    )


def _is_gone(installed: Installed, read: FileReader) -> bool:
    """Say whether a place on record calls us no more: somebody took our hooks out by hand.

    A folder that is not there may lie on a disk that is not there now: that is no reason to forget it.
    """
    path = Path(installed.path)
    if installed.scope == Scope.PLUGIN:
        return path.parent.is_dir() and not path.is_dir()
    try:
        content = read(path)
        if content is None:
            return path.parent.parent.is_dir()
        return not settings.our_hooks(
            settings.parse_settings(content, path=path), host=installed.host, path=path
        )
    except InstallError:
        return False


def _caller(installed: Installed) -> str:
    if Path(installed.path).exists():
        return f"{installed.path} calls it as well"
    return f"{installed.path} called it as well, and is not there now"


def inspect(program: HookProgram, place: Place, *, version: str, read: FileReader = read_file) -> HookStatus:
    """Report what is installed, compared with what an installation would write now.

    A settings file that can't be read is a problem of its scope, and hides nothing of the others.

    Raises
    ------
    InstallError
        When our own files can't be read.
    """
    there = read(program.executable) is not None
    current = not only_changes(program_files(program, read))
    scopes = tuple(_inspect_scope(scope, program, place, version, read) for scope in Scope)
    state = State.ABSENT if not there else State.INSTALLED if current else State.OUTDATED
    return HookStatus(
        executable=program.executable,
        program=state,
        scopes=scopes,
        problems=tuple(_problems(state, scopes, program.paths, read)),
    )


def _plugin_changes(program: HookProgram, target: Path, version: str, read: FileReader) -> list[FileChange]:
    return [
        wanted(target / name, text.encode(), read, mode=0o644)
        for name, text in plugin_files(program.executable, version=version).items()
    ]


def _inspect_scope(
    scope: Scope, program: HookProgram, place: Place, version: str, read: FileReader
) -> ScopeStatus:
    target = target_path(scope, place, program.paths)
    try:
        return _compare_scope(scope, program, target, version, read)
    except InstallError as error:
        return ScopeStatus(scope=scope, path=target, state=State.UNREADABLE, detail=str(error))


def _compare_scope(
    scope: Scope, program: HookProgram, target: Path, version: str, read: FileReader
) -> ScopeStatus:
    if scope is Scope.PLUGIN:
        changes = _plugin_changes(program, target, version, read)
        differing = [change.path.name for change in only_changes(changes)]
        absent = all(change.before is None for change in changes)
    else:
        present = settings.our_hooks(
            settings.parse_settings(read(target), path=target), host=HOST, path=target
        )
        entries = hook_entries(program.executable, via="settings")
        differing = [event for event in {**entries, **present} if present.get(event) != entries.get(event)]
        absent = not present
    if absent:
        return ScopeStatus(scope=scope, path=target, state=State.ABSENT)
    state = State.OUTDATED if differing else State.INSTALLED
    return ScopeStatus(scope=scope, path=target, state=state, detail=", ".join(differing))


def _problems(program: State, scopes: tuple[ScopeStatus, ...], paths: Paths, read: FileReader) -> list[str]:
    problems: list[str] = []
    problems += [status.detail for status in scopes if status.state is State.UNREADABLE]
    used = [status for status in scopes if status.calls_us]
    if used and program is State.ABSENT:
        problems.append(
            f"{used[0].path} calls {paths.hook_dir / 'rb-hook'}, which is not there: nothing is recorded."
            f" Run `reasoningbank hooks install {HOST} --{used[0].scope}`"
        )
    problems += [
        f"{status.path} or the hook program is of another version ({status.detail or 'rb-hook'})."
        f" Run `reasoningbank hooks install {HOST} --{status.scope}`"
        for status in used
        if State.OUTDATED in (status.state, program)
    ]
    for status in scopes:
        path = status.path
        if status.scope is Scope.PLUGIN or status.state is State.UNREADABLE:
            continue
        if settings.parse_settings(read(path), path=path).get("disableAllHooks"):
            problems.append(f'{path} says "disableAllHooks": no hook runs until that is taken out')
    return problems
