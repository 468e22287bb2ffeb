"""Edit an agent's JSON settings: add our hooks or take them out, and leave everything else as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reasoningbank_hooks.installer.plan import InstallError

Json = dict[str, Any]  # Any: settings of all kinds, of which we touch `hooks` alone

_INDENT = re.compile(r'\A\s*\{\r?\n([ \t]+)"')


class SettingsError(InstallError):
    """A settings file is not what we can edit safely; it is left as it is."""


def with_hooks(content: bytes | None, hooks: Mapping[str, Sequence[Json]], *, host: str, path: Path) -> bytes:
    """Return settings in which our hooks are exactly ``hooks``.

    Parameters
    ----------
    content
        The file as it is; None when there is none.
    hooks
        Event to matcher groups, in the form of the file.
    host
        Whose entries are ours: the first argument of ``rb-hook`` in them.
    path
        For messages.

    Raises
    ------
    SettingsError
        When the file is not JSON, has a key twice, or ``hooks`` is not an object of lists.
    """
    settings = parse_settings(content, path=path)
    before = json.dumps(settings)
    present = _hooks_of(settings, path)
    for event in list(present):
        present[event] = _merged(present[event], hooks.get(event, ()), host)
        if not present[event]:
            del present[event]
    for event, groups in hooks.items():
        if event not in present:
            present[event] = list(groups)
    if present:
        settings["hooks"] = present
    if content is not None and json.dumps(settings) == before:
        return content
    return _written(settings, content)


def without_hooks(content: bytes | None, *, host: str, path: Path) -> bytes | None:
    """Return settings without our hooks: None when there is nothing else in them, and the file may go.

    Raises
    ------
    SettingsError
        As `with_hooks` does.
    """
    if content is None:
        return None
    settings = parse_settings(content, path=path)
    present = _hooks_of(settings, path)
    ours_were_there = False
    for event in list(present):
        kept = _merged(present[event], (), host)
        if kept != present[event]:
            ours_were_there = True
            present[event] = kept
            if not kept:
                del present[event]
    if not ours_were_there:
        return content
    settings["hooks"] = present
    if not present:
        del settings["hooks"]
    if not settings:
        return None
    return _written(settings, content)


def our_hooks(settings: Json, *, host: str, path: Path) -> dict[str, list[Json]]:
    """Return the matcher groups that are ours, cut down to our own handlers."""
    found: dict[str, list[Json]] = {}
    for event, groups in _hooks_of(settings, path).items():
        for group in groups:
            handlers = [handler for handler in _handlers(group) if is_ours(handler, host)]
            if handlers:
                found.setdefault(event, []).append({**group, "hooks": handlers})
    return found


def is_ours(handler: object, host: str) -> bool:
    """Say whether a handler calls ``rb-hook`` for this host, at whatever path."""
    if not isinstance(handler, dict):
        return False
    command, arguments = handler.get("command"), handler.get("args")
    return (
        isinstance(command, str)
        and command.rpartition("/")[2] == "rb-hook"
        and isinstance(arguments, list)
        and arguments[:1] == [host]
    )


def parse_settings(content: bytes | None, *, path: Path) -> Json:
    """Parse settings; an absent or empty file has none.

    Raises
    ------
    SettingsError
        Naming the line.
    """
    text = _text(content, path)
    if not text.strip():
        return {}
    try:
        settings = json.loads(text, object_pairs_hook=_no_key_twice)
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{path}, line {error.lineno}, column {error.colno}: {error.msg}. The agent can't read this file"
            " either (it is JSON without comments): mend that line and run the command again"
        ) from error
    except (_KeyTwiceError, RecursionError) as error:
        raise SettingsError(f"{path}: {error}; editing it would lose something: fix it first") from error
    if not isinstance(settings, dict):
        raise SettingsError(f"{path} holds a {type(settings).__name__}, not an object of settings")
    return settings


class _KeyTwiceError(ValueError):
    pass


def _no_key_twice(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise _KeyTwiceError(
            f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice"
        )
    return made


def _text(content: bytes | None, path: Path) -> str:
    try:
        return (content or b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = (content or b"")[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"{path}, line {line}: not UTF-8; save it as UTF-8 and run the command again"
        ) from error


def _hooks_of(settings: Json, path: Path) -> dict[str, list[Json]]:
    hooks = settings.get("hooks", {})
    if not isinstance(hooks, dict) or not all(isinstance(groups, list) for groups in hooks.values()):
        raise SettingsError(f'{path}: "hooks" is not an object of lists; the agent ignores it: mend it first')
    return dict(hooks)


def _handlers(group: object) -> list[object]:
    handlers = group.get("hooks") if isinstance(group, dict) else None
    return handlers if isinstance(handlers, list) else []


def _merged(groups: Sequence[Json], wanted: Sequence[Json], host: str) -> list[Json]:
    """Put ``wanted`` where our first group is, or at the end; drop our other handlers; keep the rest as it is."""
    merged: list[Json] = []
    placed = not wanted
    for group in groups:
        handlers = _handlers(group)
        others = [handler for handler in handlers if not is_ours(handler, host)]
        if _has_ours(handlers, others) and not placed:
            merged += wanted
            placed = True
        if others or not _has_ours(handlers, others):
            merged.append({**group, "hooks": others} if _has_ours(handlers, others) else group)
    return merged if placed else [*merged, *wanted]


def _has_ours(handlers: list[object], others: list[object]) -> bool:
    return len(others) < len(handlers)


def _written(settings: Json, content: bytes | None) -> bytes:
    """Write settings in the file's own manner: indentation, line ends, byte order mark, last newline."""
    original = content or b""
    text = original.decode("utf-8-sig")
    found = _INDENT.match(text)
    indent: str | int | None = found[1] if found else (None if _is_one_line(text) else 2)
    written = json.dumps(settings, ensure_ascii=False, indent=indent)
    if text.endswith("\n") or not text.strip():
        written += "\n"
    if "\r\n" in text:
        written = written.replace("\n", "\r\n")
    mark = b"\xef\xbb\xbf" if original.startswith(b"\xef\xbb\xbf") else b""
    return mark + written.encode("utf-8", "surrogatepass")


def _is_one_line(text: str) -> bool:
    return "\n" not in text.strip() and len(text.strip()) > 2
