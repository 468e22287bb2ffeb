"""Where the engines' programs are that do not come with ours: oxlint, ty, ShellCheck."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path


class Programs:
    """Looks programs up when they are needed, so that one installed later is found without a restart.

    `oxlint` is the user's word: a file, or "" for the PATH. The copy in a project's `node_modules` is not run unless
    the user names it, because that would run a program that a cloned repository brought along.
    """

    def __init__(self, *, oxlint: Callable[[], str] = lambda: "", search_path: str | None = None) -> None:
        self._oxlint = oxlint
        self._search_path = search_path

    def oxlint(self) -> str | None:
        """Return oxlint's file."""
        named = self._oxlint()
        if named:
            return named if Path(named).is_file() else None
        return self._on_path("oxlint")

    def ty(self) -> str | None:
        """Return ty's binary: that beside our own Python, else that on the PATH."""
        own = Path(sys.executable).with_name("ty")
        return str(own) if own.is_file() else self._on_path("ty")

    def shellcheck(self) -> str | None:
        """Return ShellCheck's binary."""
        return self._on_path("shellcheck")

    def _on_path(self, name: str) -> str | None:
        return shutil.which(name, path=self._search_path)


def missing_programs(programs: Programs) -> Mapping[str, str]:
    """Return, for each engine that is not installed, how to install it."""
    found = {
        "oxlint": (programs.oxlint(), "npm install --global oxlint"),
        "shellcheck": (programs.shellcheck(), "apt install shellcheck"),
        "ty": (programs.ty(), "pip install ty"),
    }
    return {name: how for name, (program, how) in found.items() if program is None}
