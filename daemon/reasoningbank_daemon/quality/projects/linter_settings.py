"""What a project's own ruff and oxlint settings switch off. Pure: text in, settings out.

Our own selection of rules is what the linters run; the project's word is heard where it says no. `linter_files` finds
and reads the files.
"""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

RUFF = "ruff"
OXLINT = "oxlint"

_JSON_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_OFF = ("off", "allow", 0)


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """Rules that are off in files of some names; a pattern that begins with `!` means all others."""

    pattern: str
    rules: tuple[str, ...]


class LinterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is off in one project. Ruff's rules are beginnings of codes (`S`, `E7`), oxlint's are names."""

    folder: str = ""
    ruff_selected: tuple[str, ...] = ()
    ruff_ignored: tuple[str, ...] = ()
    ruff_exemptions: tuple[Exemption, ...] = ()
    ruff_excluded: tuple[str, ...] = ()
    complexity: int | None = None
    oxlint_folder: str = ""
    oxlint_off: frozenset[str] = frozenset()
    oxlint_exemptions: tuple[Exemption, ...] = ()
    oxlint_excluded: tuple[str, ...] = ()

    def switches_off(self, engine: str, rule: str, path: str) -> bool:
        """Tell whether the project does not want a rule of a linter in a file."""
        if engine == RUFF:
            return self._ruff_off(rule, path)
        if engine == OXLINT:
            return (
                rule in self.oxlint_off
                or _is_named(path, self.oxlint_excluded, self.oxlint_folder)
                or any(
                    rule in each.rules and _is_named(path, (each.pattern,), self.oxlint_folder)
                    for each in self.oxlint_exemptions
                )
            )
        return False

    def _ruff_off(self, rule: str, path: str) -> bool:
        if not (self.ruff_ignored or self.ruff_exemptions or self.ruff_excluded):
            return False
        ignored = _longest(rule, self.ruff_ignored)
        if ignored and ignored >= _longest(rule, self.ruff_selected):
            return True
        if _is_named(path, self.ruff_excluded, self.folder):
            return True
        return any(
            _longest(rule, each.rules)
            and _is_named(path, (each.pattern.removeprefix("!"),), self.folder)
            is not each.pattern.startswith("!")
            for each in self.ruff_exemptions
        )


def _longest(rule: str, beginnings: tuple[str, ...]) -> int:
    """Return how much of a rule's code the best of the selectors names; ALL names one character."""
    return max((len(each) for each in beginnings if rule.startswith(each)), default=int("ALL" in beginnings))


def _is_named(path: str, patterns: tuple[str, ...], folder: str) -> bool:
    """Tell whether a pattern fits a path, one of its folders, or its name, as ruff and oxlint do."""
    if not patterns:
        return False
    pure = PurePosixPath(path.replace("\\", "/"))
    inside = pure.relative_to(folder) if folder and pure.is_relative_to(folder) else pure
    names = [str(inside), *(str(parent) for parent in inside.parents if str(parent) != "."), *inside.parts]
    return any(
        fnmatch.fnmatchcase(name, pattern.removeprefix("./").removeprefix("**/").removesuffix("/"))
        for pattern in patterns
        for name in names
    )


def ruff_settings(
    table: dict[str, Any], *, folder: str, base: LinterSettings | None = None
) -> LinterSettings:
    """Return what a table of ruff settings (`ruff.toml`, or `[tool.ruff]`) switches off.

    `base` is what the file named by its `extend` says. Values of a wrong type are passed over: ruff itself will
    complain of them.
    """
    base = base or LinterSettings()
    lint = {**_older(table), **_table(table.get("lint"))}
    exceptions = {
        **_table(lint.get("per-file-ignores")),
        **_table(lint.get("extend-per-file-ignores")),
    }
    limit = _table(lint.get("mccabe")).get("max-complexity")
    return LinterSettings(
        folder=folder,
        ruff_selected=(*_words(lint.get("select", base.ruff_selected)), *_words(lint.get("extend-select"))),
        ruff_ignored=(*_words(lint.get("ignore", base.ruff_ignored)), *_words(lint.get("extend-ignore"))),
        ruff_exemptions=(*base.ruff_exemptions, *_exemptions(exceptions)),
        ruff_excluded=(
            *_words(table.get("exclude", base.ruff_excluded)),
            *_words(table.get("extend-exclude")),
            *_words(lint.get("exclude")),
        ),
        complexity=limit if isinstance(limit, int) else base.complexity,
    )


def with_oxlint(settings: LinterSettings, text: str, *, folder: str) -> LinterSettings:
    """Return settings with what an `.oxlintrc.json` switches off; raise ValueError where it is not JSON."""
    document = _table(json.loads(_without_comments(text)))
    exceptions = [
        Exemption(pattern=pattern, rules=tuple(_switched_off(each.get("rules"))))
        for each in document.get("overrides", ())
        if isinstance(each, dict)
        for pattern in _words(each.get("files"))
    ]
    return msgspec.structs.replace(
        settings,
        oxlint_folder=folder,
        oxlint_off=frozenset(_switched_off(document.get("rules"))),
        oxlint_exemptions=tuple(exceptions),
        oxlint_excluded=_words(document.get("ignorePatterns")),
    )


def _switched_off(rules: object) -> list[str]:
    """Return the names of the rules that are off, without their plugin."""
    found = []
    for name, value in _table(rules).items():
        level = value[0] if isinstance(value, list) and value else value
        if level in _OFF and level is not False:
            found.append(name.rpartition("/")[2])
    return found


def _without_comments(text: str) -> str:
    bare = _JSON_STRING_OR_COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    return _TRAILING_COMMA.sub(lambda match: match[1] or "", bare)


def _older(table: dict[str, Any]) -> dict[str, Any]:
    """Return the lint settings at the place where they stood before ruff 0.2; ruff still reads them there."""
    names = (
        "select",
        "ignore",
        "extend-select",
        "extend-ignore",
        "per-file-ignores",
        "extend-per-file-ignores",
        "mccabe",
    )
    return {name: table[name] for name in names if name in table}


def _exemptions(table: dict[str, Any]) -> list[Exemption]:
    return [Exemption(pattern=pattern, rules=_words(rules)) for pattern, rules in table.items()]


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list | tuple) else ()
