"""A project's own word on edit verdicts: `.reasoningbank.toml` in its root folder.

It may switch rules off, weigh them anew, and set thresholds. It can't make a hook block: whoever clones a repository
has not asked for that. `mode = "gate"` counts only where the user's own configuration says the same.
"""

from __future__ import annotations

import difflib
import re
import threading
import tomllib
from collections import OrderedDict
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from reasoningbank_daemon.quality.projects.known_names import fault_in_engine, fault_in_rule
from reasoningbank_daemon.quality.projects.policy import Mode
from reasoningbank_schema.verdicts import Severity

FILE_NAME = ".reasoningbank.toml"

_MOST_BYTES = 100_000
_MOST_PROJECTS = 200
_PLACE = re.compile(r" - at `(?P<path>\$.*)`$")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<name>.*)`")

Level = Literal["off", "note", "warning", "error"]


class ProjectConfigError(ValueError):
    """A project's file can't be used; the message names the file, the key, and what is allowed."""


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a rule begins to speak, and how much is told."""

    complexity: Annotated[int, Meta(ge=15, le=1000)] | None = None
    """Independent paths through a function up to which C901 is silent."""
    told: Annotated[int, Meta(ge=1, le=5)] = 5
    """Issues that an agent is told at once."""


class QualityTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands under `[quality]`."""

    mode: Mode | None = None
    engines_off: tuple[str, ...] = ()
    rules: dict[str, Level] = {}
    thresholds: Thresholds = Thresholds()

    @property
    def severities(self) -> dict[str, Severity | None]:
        """Return the severity of each rule that is named; None where it is off."""
        return {rule: None if level == "off" else Severity(level) for rule, level in self.rules.items()}


class ProjectConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    quality: QualityTable = QualityTable()


NOTHING = ProjectConfig()


def parse_project_config(
    text: str, *, source: str, rules: Collection[str] = (), engines: Collection[str] = ()
) -> ProjectConfig:
    r"""Decode a project's file; `rules` are the names that are words (linters' codes go by their shape), none: no check.

    Raises
    ------
    ProjectConfigError
        When it is not TOML, or holds something that is not allowed.

    Examples
    --------
    >>> parse_project_config('[quality.rules]\nS101 = "off"', source="a").quality.severities
    {'S101': None}
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProjectConfigError(f"{source} is not TOML: {error}") from error
    try:
        config = msgspec.convert(document, ProjectConfig)
    except msgspec.ValidationError as error:
        raise ProjectConfigError(f"{source}: {_explained(str(error))}") from error
    for name in config.quality.rules if rules else ():
        if fault := fault_in_rule(name, rules, beginnings=True):
            raise ProjectConfigError(f"{source}: quality.rules: {fault}")
    for name in config.quality.engines_off if engines else ():
        if fault := fault_in_engine(name, engines):
            raise ProjectConfigError(f"{source}: quality.engines_off: {fault}")
    return config


class ProjectConfigs:
    """Reads the files of projects, anew when they change. Safe for several threads.

    `rules` and `engines` give the names that there are; they are asked when the first file is read, because to know all
    rules takes a tenth of a second, and most projects have no such file.
    """

    def __init__(
        self,
        *,
        rules: Callable[[], Collection[str]] = frozenset,
        engines: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._rules = rules
        self._engines = engines
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[tuple[int, int], ProjectConfig | ProjectConfigError]] = (
            OrderedDict()
        )

    def config_of(self, root: str) -> ProjectConfig:
        """Return the configuration of the project in a folder; raises as `parse_project_config` does."""
        file = Path(root) / FILE_NAME
        try:
            status = file.stat()
        except OSError:
            return NOTHING
        stamp = (status.st_mtime_ns, status.st_size)
        with self._lock:
            known = self._known.get(root)
        if known is None or known[0] != stamp:
            known = (stamp, self._read(file))
            with self._lock:
                self._known[root] = known
                if len(self._known) > _MOST_PROJECTS:
                    self._known.popitem(last=False)
        if isinstance(known[1], ProjectConfigError):
            raise known[1]
        return known[1]

    def _read(self, file: Path) -> ProjectConfig | ProjectConfigError:
        try:
            with file.open("rb") as opened:
                raw = opened.read(_MOST_BYTES + 1)
            if len(raw) > _MOST_BYTES:
                return ProjectConfigError(f"{file} has more than {_MOST_BYTES:,} bytes")
            return parse_project_config(
                raw.decode("utf-8"), source=str(file), rules=self._rules(), engines=self._engines()
            )
        except (OSError, UnicodeDecodeError) as error:
            return ProjectConfigError(f"{file} can't be read: {error}")
        except ProjectConfigError as error:
            return error


def _explained(message: str) -> str:
    """Turn a decoder's message into one for whoever wrote the file."""
    place = _PLACE.search(message)
    where = place["path"].removeprefix("$").removeprefix(".").replace("[...]", "") if place else ""
    what = _PLACE.sub("", message)
    if unknown := _UNKNOWN_FIELD.search(what):
        table = {"": ProjectConfig, "quality": QualityTable, "quality.thresholds": Thresholds}[where]
        allowed = ", ".join(table.__struct_fields__)
        near = difflib.get_close_matches(unknown["name"], table.__struct_fields__, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        shown = f"[{where}]" if where else "the file"
        return f"{shown} has no key {unknown['name']!r}; it may have: {allowed}.{hint}"
    if where == "quality.rules":
        return f"{where}: {what}; allowed: off, note, warning, error"
    if where == "quality.mode":
        return f"{where}: {what}; allowed: advise, gate"
    return f"{where or 'the file'}: {what}"
