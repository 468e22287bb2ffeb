"""Change one key in the text of a TOML file and nothing else: comments, order and spacing stay.

The standard library reads TOML and does not write it. So the text is edited as lines, and the parser is the
judge: it says where a value ends, and afterwards that the document differs in this one key alone. A file
written in a form that this can't edit is left as it is, and the message says what to change by hand.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from reasoningbank_daemon.config.keys import ConfigKey, list_keys
from reasoningbank_daemon.config.loading import Config, ConfigError, parse_config, read_text
from reasoningbank_schema.durable_files import replace_file

Value = bool | int | float | str | list[str]

_TABLE = re.compile(r"^\s*\[")


def change_key(path: Path, key: str, text: str) -> Value:
    """Set ``key`` (``section.name``) in a configuration file to the value that ``text`` writes; return it.

    The file is made when absent, and replaced as a whole or not at all.

    Raises
    ------
    ConfigError
        When there is no such key, the value is not allowed, the file is already wrong, or it can't be written.
    """
    described = find_key(key)
    value = parse_value(described, text)
    old = read_text(path)
    parse_config(old, source=str(path))
    new = edit_text(old, key, value, source=str(path))
    parse_config(new, source=str(path))
    if new != old:
        _replace_file(path, new)
    return value


def find_key(key: str) -> ConfigKey:
    """Return the description of a key; raises `ConfigError` for one that does not exist."""
    known = {described.path: described for described in list_keys(Config)}
    if key not in known:
        raise ConfigError(f"there is no key {key!r}; the keys are: {', '.join(known)}")
    return known[key]


def parse_value(key: ConfigKey, text: str) -> Value:
    """Read a value as it is typed on a command line: TOML, or bare words where the key takes text.

    Examples
    --------
    >>> parse_value(find_key("recall.embedder"), "minilm")
    'minilm'
    >>> parse_value(find_key("quality.engines_off"), "ruff, oxlint")
    ['ruff', 'oxlint']
    """
    if isinstance(key.default, tuple) and not text.lstrip().startswith("["):
        return [word.strip() for word in text.split(",") if word.strip()]
    if isinstance(key.default, str) and not text.lstrip().startswith(('"', "'")):
        return text
    try:
        value: Value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{key.path} can't be {text!r}; allowed: {key.allowed}") from error
    return value


def edit_text(text: str, key: str, value: Value, *, source: str) -> str:
    """Return the text with one key set.

    Raises
    ------
    ConfigError
        When the file writes the key or its section in a form that is not edited here.
    """
    section, name = key.split(".")
    wanted = tomllib.loads(text)
    wanted.setdefault(section, {})
    if not isinstance(wanted[section], dict):
        raise ConfigError(f"{source}: {section} is not a table")
    wanted[section][name] = value
    edited = _edit_lines(text.splitlines(keepends=True), section, name, _write_value(value))
    if edited is None or not _says(edited, wanted):
        raise ConfigError(
            f"{source} writes [{section}] in a form that is not edited here; "
            f"open it and set {key} = {_write_value(value)}"
        )
    return edited


def _edit_lines(lines: list[str], section: str, name: str, written: str) -> str | None:
    """Replace, insert or append the line; None when the section's lines can't be told apart."""
    start = _section_start(lines, section)
    if start is None:
        text = "".join(lines)
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}[{section}]\n{name} = {written}\n"
    end = next((at for at in range(start, len(lines)) if _TABLE.match(lines[at])), len(lines))
    assignment = re.compile(rf"""^(?P<left>\s*["']?{re.escape(name)}["']?\s*=\s*)""")
    for at in range(start, end):
        match = assignment.match(lines[at])
        if match:
            return _replace_value(lines, at, match["left"], written)
    while end > start and not lines[end - 1].strip():
        end -= 1
    if lines[end - 1 : end] and not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    return "".join([*lines[:end], f"{name} = {written}\n", *lines[end:]])


def _section_start(lines: list[str], section: str) -> int | None:
    header = re.compile(rf"""^\s*\[\s*["']?{re.escape(section)}["']?\s*\]\s*(#.*)?$""")
    return next((at + 1 for at, line in enumerate(lines) if header.match(line)), None)


def _replace_value(lines: list[str], at: int, left: str, written: str) -> str | None:
    """Put the new value where the old one ends, as the parser sees it, and keep what follows it."""
    rest = "".join(lines[at:])[len(left) :]
    for end in _line_ends(rest):
        value = _parsed(rest[:end])
        if value is None:
            continue
        comment = _comment_start(rest[:end], value)
        return "".join(lines[:at]) + left + written + rest[comment:]
    return None


def _line_ends(text: str) -> list[int]:
    ends = [match.start() for match in re.finditer("\n", text)]
    return ends if text.endswith("\n") else [*ends, len(text)]


def _comment_start(line: str, value: dict[str, Any]) -> int:
    """Return where the value ends: the earliest ``#``, with the space before it, that leaves it the same."""
    for match in re.finditer(r"[ \t]*#", line):
        if _parsed(line[: match.start()]) == value:
            return match.start()
    return len(line.rstrip())


def _parsed(right_side: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(f"value = {right_side}")
    except tomllib.TOMLDecodeError:
        return None


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _write_value(value: Value) -> str:
    """Write a value as TOML; its basic strings are JSON's, but for the one character that JSON leaves bare."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007F")


def _replace_file(path: Path, text: str) -> None:
    try:
        path.resolve().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, text.encode())
    except OSError as error:
        raise ConfigError(f"{path} can't be written: {error.strerror}") from error
