"""Where the engines' programs are that do not come with ours: oxlint, ty, ShellCheck."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

HOW_TO_INSTALL = {
    "oxlint": "npm install --global oxlint",
    "ruff": "pip install --force-reinstall ruff",
    "shellcheck": "apt install shellcheck",
    "ty": "pip install ty",
}
"""What to type for an engine that is not there, or is damaged."""


class Programs:
    """Looks programs up when they are needed, so that one installed later is found without a restart.

    `oxlint` is the user's word: a file, or "" for the PATH. The copy in a project's `node_modules` is not run unless
    the user names it, because that would run a program that a cloned repository brought along.
    """

    def __init__(self, *, oxlint: Callable[[], str] = lambda: "", search_path: str | None = None) -> None:
        self._oxlint = oxlint
        self._search_path = search_path

    def oxlint(self) -> str | None:
        """Return oxlint's file; one that the user names is returned even where it is not there, to be told."""
        named = self._oxlint()
        return str(Path(named).expanduser()) if named else self._on_path("oxlint")

    def ty(self) -> str | None:
        """Return ty's binary."""
        return self._beside_python("ty") or self._on_path("ty")

    def shellcheck(self) -> str | None:
        """Return ShellCheck's binary."""
        return self._beside_python("shellcheck") or self._on_path("shellcheck")

    def _beside_python(self, name: str) -> str | None:
        """Return a program that pip installed with us, which need not be on the PATH."""
        own = Path(sys.executable).with_name(name)
        return str(own) if own.is_file() else None

    def _on_path(self, name: str) -> str | None:
        return shutil.which(name, path=self._search_path)
