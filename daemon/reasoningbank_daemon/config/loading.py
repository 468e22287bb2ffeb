"""From the file to the value: decoded once, and a mistake is named by its key, what was found, what is allowed."""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from pathlib import Path

import msgspec

from reasoningbank_daemon.config.keys import allowed_at, list_keys, names_at, value_at
from reasoningbank_daemon.config.models import (
    ModelEntry,
    ModelListError,
    ModelTable,
    default_models,
    merge_models,
)
from reasoningbank_daemon.config.sections import (
    DaemonSection,
    QualitySection,
    RecallSection,
    SelectionSection,
    TasksSection,
)

_MAX_BYTES = 1 << 20
_SHOWN_CHARS = 60
_LOCATION = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_PART = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


class ConfigError(ValueError):
    """The configuration can't be used; the message names the file, the key and what is allowed."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold the whole configuration; ``models`` lists only what the user adds to the dated defaults."""

    daemon: DaemonSection = DaemonSection()
    recall: RecallSection = RecallSection()
    quality: QualitySection = QualitySection()
    selection: SelectionSection = SelectionSection()
    tasks: TasksSection = TasksSection()
    models: tuple[ModelTable, ...] = ()


def load_config(path: Path) -> Config:
    """Read the configuration; a file that is not there means the defaults.

    Raises
    ------
    ConfigError
        When the file can't be read, is not TOML, or holds something that is not allowed.
    """
    return parse_config(read_text(path), source=str(path))


def read_text(path: Path) -> str:
    """Return the text of a configuration file, empty when there is none; raises as `load_config` does."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from error
    if len(raw) > _MAX_BYTES:
        raise ConfigError(f"{path} has more than {_MAX_BYTES} bytes: this is not a configuration of ours")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8: byte {error.start} is {raw[error.start]:#04x}") from error


def parse_config(text: str, *, source: str = "the configuration") -> Config:
    r"""Decode a configuration from TOML text; raises as `load_config` does.

    Examples
    --------
    >>> parse_config("[tasks]\nidle_minutes = 10").tasks.idle_minutes
    10.0
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{source} is not TOML: {error}") from error
    try:
        config = msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_explain(str(error), document)}") from error
    try:
        _check_default_model(config)
    except ModelListError as error:
        raise ConfigError(f"{source}: {error}") from error
    return config


def configured_models(config: Config) -> tuple[ModelEntry, ...]:
    """Return every model that may be chosen, defaults first, with the user's changes laid over them."""
    return merge_models(default_models(), config.models)


def config_hash(config: Config) -> str:
    """Return the SHA-256 of everything in a configuration, as 64 hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(config)).hexdigest()


def restart_keys(old: Config, new: Config) -> tuple[str, ...]:
    """Name the keys that differ and come into force only when the daemon is started again."""
    changed = []
    for key in list_keys(Config):
        section, name = key.path.split(".")
        if key.needs_restart and getattr(getattr(old, section), name) != getattr(getattr(new, section), name):
            changed.append(key.path)
    return tuple(changed)


def _check_default_model(config: Config) -> None:
    names = [entry.name for entry in configured_models(config)]
    wanted = config.selection.default_model
    if wanted not in names:
        raise ModelListError(
            f"selection.default_model is {_show(wanted)}; allowed: a model of the list, "
            f"which has: {', '.join(names)}"
        )


def _explain(message: str, document: object) -> str:
    """Turn a decoder's message into one for whoever wrote the file."""
    match = _LOCATION.match(message)
    what, location = (match["what"], match["path"] or "") if match else (message, "")
    path = tuple(int(index) if index else name for name, index in _PART.findall(location))
    shown = _dotted(path)
    if unknown := re.search(r"unknown field `(.*)`", what):
        return _unknown(unknown[1], path)
    if missing := re.search(r"missing required field `(.*)`", what):
        return f"{shown} has no key {missing[1]!r}: add it"
    found = _show(value_at(document, path))
    return f"{shown} is {found}; allowed: {allowed_at(Config, path) or what}"


def _unknown(name: str, path: tuple[str | int, ...]) -> str:
    known = names_at(Config, path)
    if path:
        where, kind = f"[{_dotted(path)}]", "key"
    else:
        where, kind = "the file", "section"
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{where} has no {kind} {name!r}; it may have: {', '.join(known)}.{hint}"


def _dotted(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _show(value: object) -> str:
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
