"""Find and read the settings of a project's linters; what was read is kept until a file changes."""

from __future__ import annotations

import os
import threading
import tomllib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import structlog

from reasoningbank_daemon.quality.projects.linter_settings import LinterSettings, ruff_settings, with_oxlint
from reasoningbank_daemon.quality.projects.project import project_root

_log = structlog.get_logger(__name__)

_RUFF_FILES = (".ruff.toml", "ruff.toml", "pyproject.toml")
_OXLINT_FILE = ".oxlintrc.json"
_MOST_BYTES = 1_000_000
_MOST_EXTENDS = 5
_MOST_FOLDERS = 500

Stamp = tuple[str, int, int]


class LinterFiles:
    """Knows what the linters' settings switch off for a file. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[tuple[Stamp, ...], LinterSettings]] = OrderedDict()

    def settings_for(self, path: str) -> LinterSettings:
        """Return what is off for an absolute path; nothing is, where no settings are found or readable."""
        root = project_root(path)
        if root is None:
            return LinterSettings()
        folder = str(Path(path).parent)
        stamps = tuple(_stamps(folder, root))
        with self._lock:
            known = self._known.get(folder)
        if known is not None and known[0] == stamps:
            return known[1]
        settings = _read([Path(stamp[0]) for stamp in stamps])
        with self._lock:
            self._known[folder] = (stamps, settings)
            self._known.move_to_end(folder)
            if len(self._known) > _MOST_FOLDERS:
                self._known.popitem(last=False)
        return settings


def _stamps(folder: str, root: str) -> list[Stamp]:
    """Return the files that may hold settings, nearest first, as they are now."""
    found: list[Stamp] = []
    current = folder
    while True:
        for name in (*_RUFF_FILES, _OXLINT_FILE):
            file = f"{current}/{name}"
            try:
                status = os.stat(file)  # noqa: PTH116 - called a dozen times an edit; a Path costs more than this
            except OSError:
                continue
            found.append((file, status.st_mtime_ns, status.st_size))
        if current == root or len(current) <= len(root):
            return found
        current = current.rpartition("/")[0]


def _read(files: list[Path]) -> LinterSettings:
    settings = LinterSettings()
    for file in files:
        if file.name == _OXLINT_FILE:
            continue
        table = _ruff_table(file)
        if table is not None:
            settings = _extended(table, file, depth=0)
            break
    for file in files:
        if file.name == _OXLINT_FILE:
            try:
                return with_oxlint(settings, _text(file), folder=str(file.parent))
            except (OSError, ValueError, RecursionError) as error:
                _log.warning("linter_settings_unreadable", file=str(file), reason=str(error))
                return settings
    return settings


def _extended(table: dict[str, Any], file: Path, *, depth: int) -> LinterSettings:
    base = None
    extend = table.get("extend")
    if isinstance(extend, str) and depth < _MOST_EXTENDS:
        other = (file.parent / extend).resolve()
        base_table = _ruff_table(other)
        base = None if base_table is None else _extended(base_table, other, depth=depth + 1)
    return ruff_settings(table, folder=str(file.parent), base=base)


def _ruff_table(file: Path) -> dict[str, Any] | None:
    """Return ruff's settings in a file; None where it holds none, so that ruff looks further up."""
    try:
        document = tomllib.loads(_text(file))
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("linter_settings_unreadable", file=str(file), reason=str(error))
        return None
    if file.name != "pyproject.toml":
        return document
    tool = document.get("tool")
    table = tool.get("ruff") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _text(file: Path) -> str:
    with file.open("rb") as opened:
        raw = opened.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise ValueError(f"{file} has more than {_MOST_BYTES:,} bytes")
    return raw.decode("utf-8")
