"""The files of the hook folder: the executable ``rb-hook`` and the few modules it needs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import msgspec

from reasoningbank_hooks.installer.interpreter import shebang
from reasoningbank_hooks.installer.plan import FileChange, FileReader, wanted
from reasoningbank_schema.paths import Paths

EXECUTABLE = "rb-hook"

KEPT_VARIABLES = ("HOME", "LANG", "LC_ALL", "PATH", "RB_HOME", "TMPDIR", "USER", "LOGNAME")
"""What a daemon that a hook starts finds in its environment, next to ``XDG_*``: not the agent's own variables,
among which are the user's API keys."""

_MODULES = (
    ("rb_hook.py", "reasoningbank_hooks", "rb_hook.py"),
    ("rb_hook_fallback.py", "reasoningbank_hooks", "rb_hook_fallback.py"),
    ("reasoningbank_schema/spool.py", "reasoningbank_schema", "spool.py"),
    ("reasoningbank_schema/redaction.py", "reasoningbank_schema", "redaction.py"),
)

_EXECUTABLE = """\
{shebang}# Written by `reasoningbank hooks install`, which writes it anew. docs/hooks.md says what it does.
import posix
import sys

try:
    sys.path.insert(0, {library})
    from rb_hook import run

    run(
        sys.argv[1:],
        socket={socket},
        spool={spool},
        daemon={daemon},
        environment={environment},
    )
except BaseException:
    pass  # status 2 would block the user, a traceback would be shown to them
posix._exit(0)
"""


class HookProgram(msgspec.Struct, frozen=True, kw_only=True):
    """Say what an installed hook program is built from.

    ``daemon`` is the command that starts the daemon, its first word an absolute path; ``environment`` all that
    the daemon finds in its environment.
    """

    interpreter: str
    paths: Paths
    daemon: tuple[str, ...]
    environment: dict[str, str]

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return self.paths.hook_dir

    @property
    def executable(self) -> Path:
        """What hosts call."""
        return self.folder / EXECUTABLE

    @property
    def library(self) -> Path:
        """What the executable imports from."""
        return self.folder / "lib"


def kept_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a daemon needs which is started without the user's own environment."""
    return {
        name: value
        for name, value in sorted(environment.items())
        if name in KEPT_VARIABLES or name.startswith("XDG_")
    }


def program_files(program: HookProgram, read: FileReader) -> list[FileChange]:
    """Return the files of the hook folder, the executable last: when it is there, what it needs is there."""
    changes = [
        wanted(program.library / name, files(package).joinpath(source).read_bytes(), read)
        for name, package, source in _MODULES
    ]
    marker = program.library / "reasoningbank_schema" / "__init__.py"
    changes.append(wanted(marker, b'"""Copies; the originals are in the package of this name."""\n', read))
    changes.append(wanted(program.executable, executable_text(program).encode("ascii"), read, mode=0o700))
    return changes


def executable_text(program: HookProgram) -> str:
    """Return the text of ``rb-hook``, with absolute paths because hosts clean the environment."""
    return _EXECUTABLE.format(
        shebang=shebang(program.interpreter),
        library=ascii(str(program.library)),
        socket=ascii(str(program.paths.socket)),
        spool=ascii(str(program.paths.spool)),
        daemon=ascii(program.daemon),
        environment=ascii(program.environment),
    )
