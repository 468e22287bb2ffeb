"""What `doctor` looks at: each check yields what it found, and what to do when that is wrong.

To add one: write a generator of `Check` here and name it in `CHECKS`. Nothing here changes anything. The daemon is
looked at last: why it does not run may have been found before.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from reasoningbank_daemon.cli import asking, wording
from reasoningbank_daemon.cli.context import Context
from reasoningbank_daemon.cli.daemon_process import lock_holder
from reasoningbank_daemon.cli.engine_checks import check_engines
from reasoningbank_daemon.cli.event_checks import check_events
from reasoningbank_daemon.cli.finding import Check, Mark
from reasoningbank_daemon.cli.hooks import hook_status
from reasoningbank_daemon.config import ConfigError, load_config
from reasoningbank_daemon.embedding.weights import WeightsError
from reasoningbank_daemon.index.inspection import find_damage
from reasoningbank_daemon.index.snapshot import inspect_snapshots
from reasoningbank_daemon.services.embedders import embedder_kind
from reasoningbank_daemon.storage.inspection import LOW_DISK_BYTES, Gravity, inspect
from reasoningbank_hooks.installer import InstallError, State
from reasoningbank_schema.paths import SOCKET_PATH_LIMIT_BYTES
from reasoningbank_schema.spool import SpoolError, count_losses, list_entries

WAITING_LONG = 1000
"""So many spooled events mean that nothing has drained the spool for a while."""

NEEDED_TO_START = frozenset({"bank", "configuration", "folder", "folders", "schema", "socket"})
"""What a check is about whose error keeps a daemon from starting."""

SECOND_LOOK_S = 1.0


def run_checks(context: Context, *, deep: bool) -> Iterator[Check]:
    """Yield everything that was looked at, in order; what can't be looked into is a finding too."""
    found: list[Check] = []
    checks: tuple[Callable[[Context], Iterator[Check]], ...] = (
        *CHECKS,
        partial(check_bank, deep=deep),
        partial(check_daemon, found=found),
    )
    for check in checks:
        try:
            for each in check(context):
                found.append(each)
                yield each
        except OSError as error:
            yield _error("access", f"{error.filename or 'a file'} can't be inspected: {error.strerror}")


def check_program(_context: Context) -> Iterator[Check]:
    """Say what runs."""
    yield _ok("program", f"reasoningbank {version('reasoningbank')} on Python {platform.python_version()}")


def check_configuration(context: Context) -> Iterator[Check]:
    """Read the configuration."""
    try:
        load_config(context.paths.config_file)
    except ConfigError as error:
        yield _error("configuration", str(error), "fix it, then: reasoningbank config check")
        return
    file = context.paths.config_file
    yield _ok("configuration", f"{file} is valid" if file.exists() else "the defaults (no file)")


def check_folders(context: Context) -> Iterator[Check]:
    """Look at who may enter our folders, and whether a socket fits into its own."""
    paths = context.paths
    length = len(os.fsencode(paths.socket))
    if length > SOCKET_PATH_LIMIT_BYTES:
        yield _error(
            "socket",
            f"its path has {length} bytes, the system allows {SOCKET_PATH_LIMIT_BYTES}: {paths.socket}",
            "set RB_HOME or XDG_RUNTIME_DIR to a shorter folder",
        )
    sound = True
    for folder in paths.private_folders:
        for problem in _folder_problems(folder):
            sound = False
            yield problem
    if sound:
        yield _ok("folders", "nobody else can read or enter them")
    yield from _space(paths.state_dir)


def check_spool(context: Context) -> Iterator[Check]:
    """Look at events that wait for a daemon, and at what was lost on the way."""
    folder = context.paths.spool
    try:
        waiting = len(list_entries(str(folder)))
        losses = count_losses(str(folder))
        damaged = len(list(folder.glob("*.damaged"))) if folder.is_dir() else 0
    except (SpoolError, OSError) as error:
        next_step = f"look at who owns {folder}"
        if _is_ours(folder):
            next_step = f"chmod 700 {folder}"
        yield _error("spool", str(error), f"{next_step}; hooks can't keep events until then")
        return
    if damaged:
        yield _warning(
            "spool", f"{wording.count(damaged, 'damaged entry', 'damaged entries')} set aside in {folder}"
        )
    if losses.dropped or losses.bare:
        yield _warning(
            "spool",
            f"{wording.count(losses.dropped, 'event')} dropped for room, "
            f"{wording.count(losses.bare, 'event')} kept without content, since the spool was made",
        )
    if waiting >= WAITING_LONG:
        yield _warning("spool", f"{wording.count(waiting, 'event')} waiting", "reasoningbank up")
    else:
        yield _ok("spool", f"{wording.count(waiting, 'event')} waiting to be stored")


def check_hooks(context: Context) -> Iterator[Check]:
    """Compare the installed hooks with this version, and look whether their interpreter is still there."""
    try:
        status = hook_status(context)
    except InstallError as error:
        yield _error("hooks", str(error), "fix it, then: reasoningbank hooks status")
        return
    used = [scope for scope in status.scopes if scope.calls_us]
    unreadable = {scope.detail for scope in status.scopes if scope.state is State.UNREADABLE}
    for problem in status.problems:
        yield _error(
            "hooks", problem, "fix it, then: reasoningbank hooks status" if problem in unreadable else ""
        )
    if status.program is not State.ABSENT and (missing := _missing_interpreter(status.executable)):
        yield _error(
            "hooks",
            f"{status.executable} needs {missing}, which does not exist: nothing is recorded",
            "reasoningbank hooks install claude-code",
        )
    if not used and not any(scope.state is State.UNREADABLE for scope in status.scopes):
        yield _warning("hooks", "no agent calls ReasoningBank", "reasoningbank hooks install claude-code")
    elif used and not status.problems:
        yield _ok("hooks", "installed in " + ", ".join(str(scope.path) for scope in used))


def check_daemon(context: Context, *, found: Sequence[Check]) -> Iterator[Check]:
    """Ask the daemon how it is; one that does not run is no error if a session can start it."""
    status = asking.daemon_status(context)
    if status is None:
        holder = lock_holder(context.paths.lock)
        if holder is None:
            yield _absent(found)
        else:
            yield _error(
                "daemon",
                f"it is running (pid {holder}) but does not answer",
                "reasoningbank logs, then: reasoningbank down --force && reasoningbank up",
            )
        return
    yield _ok("daemon", f"{status.state} for {wording.duration(status.uptime_s)} (pid {status.pid})")
    if status.version != version("reasoningbank"):
        yield _warning(
            "daemon",
            f"it has version {status.version}, this command {version('reasoningbank')}",
            "reasoningbank down && reasoningbank up",
        )
    for warning in status.warnings:
        yield _warning("daemon", warning)


def _absent(found: Sequence[Check]) -> Check:
    """Say what will start the daemon, by what was found before; it may be that nothing can."""
    in_the_way = sorted({check.about for check in found if check.mark is Mark.ERROR} & NEEDED_TO_START)
    if in_the_way:
        return _warning(
            "daemon", f"it is not running, and can't start until this is fixed: {', '.join(in_the_way)}"
        )
    if any(check.about == "hooks" and check.mark is Mark.OK for check in found):
        return _ok("daemon", "it is not running; your agent's next session starts it")
    return Check(
        about="daemon",
        mark=Mark.OK,
        message="it is not running, and no working hook would start it",
        next_step="reasoningbank up",
    )


def check_indexes(context: Context) -> Iterator[Check]:
    """Read the index's files; a daemon that writes them meanwhile is given a second look's time."""
    folder = context.paths.indexes / "lexical"
    damage = find_damage(folder)
    if damage and lock_holder(context.paths.lock) is not None:
        context.pause(SECOND_LOOK_S)
        again = find_damage(folder)
        damage = [finding for finding in damage if finding in again]
    for finding in damage:
        yield _error(
            "indexes", finding, f"reasoningbank down; rm -r {folder}; reasoningbank up (the bank has it all)"
        )
    vectors = context.paths.indexes / "vectors"
    for finding in (finding for kept in vectors.glob("*") for finding in inspect_snapshots(kept)):
        damage.append(finding)
        yield _warning(
            "indexes", finding, "nothing to do: the daemon rebuilds it from the bank when it starts"
        )
    if not damage:
        there = folder.is_dir()
        yield _ok(
            "indexes", f"{folder}: nothing wrong" if there else "none yet; they are built from the bank"
        )


def check_embedder(context: Context) -> Iterator[Check]:
    """Say whether the configured embedder can be used, and why not."""
    try:
        recall = load_config(context.paths.config_file).recall
    except ConfigError:
        return  # said by `check_configuration`
    kind = embedder_kind(recall.embedder)
    if kind is None:
        return
    try:
        found = kind.check(recall.weights)
    except WeightsError as error:
        yield _error(
            "embedder",
            f"{recall.embedder.value} can't be used, so tasks are found by words alone: {error}",
            error.next_step,
        )
        return
    yield _ok("embedder", f"{recall.embedder.value}: {found}")


def check_bank(context: Context, *, deep: bool) -> Iterator[Check]:
    """Look at the bank's files; deep reads all of them."""
    if not context.paths.bank.exists():
        yield _ok("bank", f"{context.paths.bank} has not been created yet")
    found = False
    for finding in inspect(context.paths, deep=deep):
        found = True
        mark = Mark.ERROR if finding.gravity is Gravity.ERROR else Mark.WARNING
        yield Check(about=finding.about, mark=mark, message=finding.message, next_step=finding.next_step)
    if context.paths.bank.exists() and not found:
        read = "every page was read" if deep else "a quick look; `doctor --deep` reads every page"
        size = wording.size(_size_on_disk(context.paths.bank))
        yield _ok("bank", f"{context.paths.bank}, {size}: nothing wrong ({read})")


def _size_on_disk(bank: Path) -> int:
    """Return the bytes of a bank with its journal: of a young one nearly all is there."""
    files = (bank, bank.with_name(f"{bank.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


CHECKS: tuple[Callable[[Context], Iterator[Check]], ...] = (
    check_program,
    check_configuration,
    check_folders,
    check_spool,
    check_indexes,
    check_embedder,
    check_engines,
    check_hooks,
    check_events,
)


def _is_ours(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _folder_problems(folder: Path) -> Iterator[Check]:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        yield _error("folders", f"{folder} can't be inspected: {error.strerror}")
        return
    if not stat.S_ISDIR(found.st_mode):
        yield _error("folders", f"{folder} is not a folder", "move it away, then: reasoningbank up")
    elif found.st_uid != os.geteuid():
        yield _error(
            "folders",
            f"{folder} belongs to user {found.st_uid}, not to you",
            "set RB_HOME to a folder of yours",
        )
    elif found.st_mode & 0o077:
        yield _warning("folders", f"others may enter {folder}", f"chmod 700 {folder}")
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield _error("folders", f"{folder} can't be written", f"chmod 700 {folder}")


def _space(folder: Path) -> Iterator[Check]:
    if not folder.exists():
        return
    free = shutil.disk_usage(folder).free
    if free < LOW_DISK_BYTES:
        yield _warning(
            "disk", f"{wording.size(free)} are free for logs and spool ({folder})", "free some space"
        )


def _missing_interpreter(executable: Path) -> str | None:
    """Return the interpreter that a hook program names when it is not there (a Python that was removed)."""
    with executable.open("rb") as file:
        head = file.read(4096).decode("utf-8", "replace")
    # The first line names it; a path that no first line bears is named in the second, for a shell.
    named = re.match(r"#!/bin/sh\n'+exec' '([^']+)'", head) or re.match(r"#!(\S+)", head)
    interpreter = named[1] if named else "no interpreter at all"
    return None if os.access(interpreter, os.X_OK) else interpreter


def _ok(about: str, message: str) -> Check:
    return Check(about=about, mark=Mark.OK, message=message)


def _warning(about: str, message: str, next_step: str = "") -> Check:
    return Check(about=about, mark=Mark.WARNING, message=message, next_step=next_step)


def _error(about: str, message: str, next_step: str = "") -> Check:
    return Check(about=about, mark=Mark.ERROR, message=message, next_step=next_step)
