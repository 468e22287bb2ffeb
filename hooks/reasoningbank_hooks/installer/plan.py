"""A change to the user's files as a value: it can be shown before it is made, and is made whole or refused."""

from __future__ import annotations

import difflib
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec

from reasoningbank_schema.durable_files import replace_file

LONG_LINES = 200

FileReader = Callable[[Path], bytes | None]
"""Return a file's content, None when there is no such file."""


class InstallError(Exception):
    """The installer can't do what was asked; the message says why and what to do."""


class PlanStaleError(InstallError):
    """A file is no longer what it was when the plan was made; nothing has been written."""


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """Say what becomes of one file; ``before`` None means it is new, ``after`` None that it is deleted.

    ``mode`` is for new files; an existing one keeps its own. ``precious`` files are the user's: what is theirs in
    them is backed up before they change.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    mode: int = 0o600
    precious: bool = False

    @property
    def worth_keeping(self) -> bytes | None:
        """Return what the user would miss; None where that is blank, or is deleted because all in it is ours."""
        kept = self.precious and self.after is not None and self.before is not None and self.before.strip()
        return self.before if kept else None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what an installation or removal would do.

    ``changes`` leaves out files that already are as they should be; ``removed_folders`` are our own, deleted
    with all that is in them. ``notes`` are sentences for the person, ``next_steps`` commands that they run
    afterwards. ``compile_with`` is the interpreter that compiles ``library`` once it is written.
    """

    changes: tuple[FileChange, ...]
    removed_folders: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    compile_with: str | None = None
    library: Path | None = None


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """Say what was done: the files that changed, and where the user's own were backed up."""

    changed: tuple[Path, ...]
    backups: tuple[Path, ...]


def read_file(path: Path) -> bytes | None:
    """Read a file, following links; None when there is none.

    Raises
    ------
    InstallError
        When it is there and can't be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InstallError(f"can't read {path}: {error.strerror}") from error


def wanted(
    path: Path, after: bytes | None, read: FileReader, *, mode: int = 0o600, precious: bool = False
) -> FileChange:
    """Return the change that brings a file to ``after`` from whatever it is now."""
    return FileChange(path=path, before=read(path), after=after, mode=mode, precious=precious)


def only_changes(changes: list[FileChange]) -> tuple[FileChange, ...]:
    """Leave out what would change nothing."""
    return tuple(change for change in changes if change.before != change.after)


def unified_diff(plan: Plan) -> str:
    """Return the plan as one unified diff, the user's own files first; empty when no file would change.

    Of long files of ours the number of lines is given: they would bury what the reader wants to see.
    """
    parts: list[str] = []
    for change in sorted(plan.changes, key=lambda change: not change.precious):
        before, after = _lines(change.before), _lines(change.after)
        names = (
            "/dev/null" if change.before is None else str(change.path),
            "/dev/null" if change.after is None else str(change.path),
        )
        if not change.precious and len(before) + len(after) > LONG_LINES:
            parts.append(f"--- {names[0]}\n+++ {names[1]}\n({_counted(before, after)})\n")
        else:
            parts += difflib.unified_diff(before, after, *names)
    return "".join(parts)


def apply(plan: Plan, *, stamp: str) -> Applied:
    """Make the changes of a plan, each file whole or not at all.

    Parameters
    ----------
    stamp
        Goes into the names of backups, e.g. ``20261121T013805``.

    Raises
    ------
    PlanStaleError
        When a file has changed since; nothing has been written then.
    InstallError
        When a file can't be written; it names the file, and what was written before it.
    """
    for change in plan.changes:
        if read_file(change.path) != change.before:
            raise PlanStaleError(
                f"{change.path} has just been changed by somebody else: run the command again"
            )
    changed: list[Path] = []
    backups: list[Path] = []
    for change in plan.changes:
        try:
            if (kept := change.worth_keeping) is not None:
                backups.append(_back_up(change.path, kept, stamp))
            if change.after is None:
                change.path.unlink()
            else:
                _write(change.path, change.after, change.mode)
        except OSError as error:
            written = ", ".join(str(path) for path in changed) or "nothing"
            raise InstallError(
                f"can't write {change.path}: {error.strerror} (written before: {written})"
            ) from error
        changed.append(change.path)
    for folder in plan.removed_folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise InstallError(f"can't delete {folder}: {error.strerror}") from error
        changed.append(folder)
    if plan.compile_with and plan.library:
        compile_library(plan.compile_with, plan.library)
    return Applied(changed=tuple(changed), backups=tuple(backups))


def _counted(before: list[str], after: list[str]) -> str:
    if not before:
        return f"{len(after)} new lines"
    return f"{len(before)} lines become {len(after)}"


def _lines(content: bytes | None) -> list[str]:
    if content is None:
        return []
    try:
        lines = content.decode("utf-8").splitlines(keepends=True)
    except UnicodeDecodeError:
        return [f"({len(content)} bytes that are not text)\n"]
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines


def _back_up(path: Path, content: bytes, stamp: str) -> Path:
    target = path.resolve()
    backup = target.with_name(f"{target.name}.before-reasoningbank-{stamp}")
    _write(backup, content, stat.S_IMODE(target.stat().st_mode))
    return backup


def _make_folder(folder: Path) -> None:
    """Make a folder, and those above it, for their owner alone: programs are run from it."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    _make_folder(path.resolve().parent)
    replace_file(path, content, mode=mode)


def compile_library(interpreter: str, library: Path) -> None:
    """Compile the hook's modules for its interpreter, or every call would compile them again.

    Raises
    ------
    InstallError
        With what the interpreter said.
    """
    code = "import compileall, sys; sys.exit(not compileall.compile_dir(sys.argv[1], quiet=1))"
    command = [interpreter, "-IS", "-c", code, str(library)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except subprocess.CalledProcessError as error:
        said = (error.stdout + error.stderr).decode("utf-8", "replace").strip()
        raise InstallError(f"{interpreter} can't compile the hook program in {library}: {said}") from error
