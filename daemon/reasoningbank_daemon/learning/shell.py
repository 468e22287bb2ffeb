"""Take a shell command line apart: which programs it runs, and whose exit status is the line's.

Not a shell: enough of its grammar to say which simple command decided the status that a host reports. What is not
understood (here-documents, loops, substitutions) makes a status doubtful, never an error.
"""

from __future__ import annotations

import re

import msgspec

MAX_CHARS = 4_000
MAX_DEPTH = 3
"""``bash -c "bash -c …"`` is followed so deep."""

_CONNECTORS = ("&&", "||", "|&", "|", ";;", ";", "&", "\n")
_KEYWORDS = frozenset(
    ("if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "!", "{", "}")
)
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*\+?=")
_REDIRECT = re.compile(r"^\d*(?:>>?|<|&>>?|>&|<<<?)(?:&?\d+|\S+)?$")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1[^\n]*\n.*?(?:\n\s*\2(?=\n|$)|$)", re.DOTALL)
_STATUS_ECHO = re.compile(r"\$\?|\$\{?PIPESTATUS")

_PLAIN_WRAPPERS = {
    "env": 0,
    "sudo": 0,
    "time": 0,
    "nice": 0,
    "nohup": 0,
    "command": 0,
    "exec": 0,
    "builtin": 0,
    "stdbuf": 0,
    "xvfb-run": 0,
    "unbuffer": 0,
    "caffeinate": 0,
    "timeout": 1,
    "gtimeout": 1,
}
"""Programs that run the rest of their line, with the number of arguments that come before it."""

_RUNNERS = {
    "uv": ("run",),
    "poetry": ("run",),
    "pipenv": ("run",),
    "pdm": ("run",),
    "rye": ("run",),
    "hatch": ("run",),
    "pixi": ("run",),
    "conda": ("run",),
    "bundle": ("exec",),
    "pnpm": ("exec", "dlx"),
    "yarn": ("exec", "dlx"),
    "npm": ("exec", "x"),
    "bun": ("x",),
    "nix": ("develop", "shell"),
    "mise": ("exec", "x"),
    "direnv": ("exec",),
    "npx": (),
    "bunx": (),
    "uvx": (),
    "pipx": ("run",),
    "dotenv": ("run",),
}
"""Programs that run another one after a word of their own."""

_VALUE_OPTIONS = """
    -u -C -n -s -k -g --with --python --extra --group --package -p --project --directory --filter --env-file -e -c
    --cwd --prefix --signal --kill-after --name --env
"""
_OPTIONS_WITH_VALUE = frozenset(_VALUE_OPTIONS.split())
_CONTAINER_OPTIONS = frozenset(
    ("-v", "-w", "-e", "-u", "-p", "-n", "--name", "--volume", "--workdir", "--env", "--user", "--network", "--entrypoint", "--env-file")
)  # fmt: skip


class Simple(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one simple command without assignments, wrappers and redirections.

    ``program`` is the base name of what runs; ``words`` are program and arguments. ``status_known`` says that a
    status of 0 of the whole line means that this command ended with 0, ``failure_known`` that any other status means
    that it failed. ``echoed`` is the text around ``$?`` where the line prints this command's status.
    """

    program: str
    words: tuple[str, ...]
    status_known: bool
    failure_known: bool
    echoed: str | None = None


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    words: tuple[str, ...]
    before: str  # the connector before it
    after: str  # the connector after it
    keyword: bool  # it stood behind if, while, ! …


def simple_commands(line: str) -> tuple[Simple, ...]:
    """Take a command line apart into its simple commands, in order.

    Parameters
    ----------
    line
        A command as given to a shell; only its first 4,000 characters are read.

    Examples
    --------
    >>> [(c.program, c.status_known, c.failure_known) for c in simple_commands("cd api && uv run pytest -q | tail -3")]
    [('cd', False, False), ('pytest', False, False), ('tail', True, True)]
    >>> [(c.program, c.status_known, c.failure_known) for c in simple_commands("npx tsc --noEmit || true")]
    [('tsc', False, True), ('true', False, True)]
    """
    return _commands(line[:MAX_CHARS], depth=0)


def _commands(line: str, *, depth: int) -> tuple[Simple, ...]:
    pieces = _pieces(line)
    pipefail = any("pipefail" in piece.words for piece in pieces) or "PIPESTATUS" in line
    found: list[Simple] = []
    for index, piece in enumerate(pieces):
        words = unwrapped(piece.words)
        if not words:
            continue
        status, failure = _decides(pieces, index, pipefail=pipefail)
        inner = _inner_line(words)
        if inner is not None and depth < MAX_DEPTH:
            found += [
                msgspec.structs.replace(
                    command,
                    status_known=command.status_known and status,
                    failure_known=command.failure_known and failure,
                )
                for command in _commands(inner, depth=depth + 1)
            ]
            continue
        found.append(
            Simple(
                program=_base_name(words[0]),
                words=(_base_name(words[0]), *words[1:]),
                status_known=status,
                failure_known=failure,
                echoed=_echo_after(pieces, index),
            )
        )
    return tuple(found)


def _decides(pieces: list[_Piece], index: int, *, pipefail: bool) -> tuple[bool, bool]:
    """Say whether the line's success means this piece's success, and its failure this piece's failure."""
    if pieces[index].keyword or pieces[index].after == "&":
        return False, False
    success, failure = True, True
    if pieces[index].before == "||":
        success = False  # it may not have run
    for piece in pieces[index:]:
        if piece.after in {"|", "|&"}:
            if not pipefail:
                return False, False
            failure = False
        elif piece.after == "||":
            success = success and _never_succeeds(pieces, piece)  # otherwise it may have saved the line
        elif piece.after == "&&":
            failure = False  # what comes after it may have failed
        elif piece.after:
            passed_on = success and failure and _is_status_exit(pieces, index)
            return passed_on, passed_on
    return success, failure


def _never_succeeds(pieces: list[_Piece], piece: _Piece) -> bool:
    position = next(number for number, other in enumerate(pieces) if other is piece)
    following = pieces[position + 1].words if position + 1 < len(pieces) else ()
    return following[:1] == ("false",) or (
        following[:1] in {("exit",), ("return",)} and following[1:2] != ("0",)
    )


def _is_status_exit(pieces: list[_Piece], index: int) -> bool:
    following = pieces[index + 1].words if index + 1 < len(pieces) else ()
    return following[:1] == ("exit",) and "$?" in following


def _echo_after(pieces: list[_Piece], index: int) -> str | None:
    """Return what an ``echo`` right behind this piece prints, with ``$?`` in it."""
    if index + 1 >= len(pieces) or pieces[index].after not in {";", "\n"}:
        return None
    following = pieces[index + 1].words
    text = " ".join(following[1:])
    if following[:1] in {("echo",), ("printf",)} and _STATUS_ECHO.search(text) is not None:
        return text
    return None


def unwrapped(words: tuple[str, ...]) -> tuple[str, ...]:
    """Drop assignments, redirections and programs that only run another one (sudo, timeout, uv run, npx …).

    >>> unwrapped(("CI=1", "timeout", "60", "uv", "run", "--extra", "dev", "python", "-m", "pytest", "-q"))
    ('pytest', '-q')
    """
    rest = _without_redirections(words)
    for _ in range(6):
        while rest and _ASSIGNMENT.match(rest[0]) is not None:
            rest = rest[1:]
        if not rest:
            return ()
        shorter = _without_wrapper(rest)
        if shorter is None:
            break
        rest = shorter
    return tuple(rest)


def _without_redirections(words: tuple[str, ...]) -> list[str]:
    kept: list[str] = []
    target_follows = False
    for word in words:
        if target_follows:
            target_follows = False
        elif _REDIRECT.match(word) is None:
            kept.append(word)
        else:
            target_follows = word.endswith((">", "<"))
    return kept


def _without_wrapper(words: list[str]) -> list[str] | None:
    name = _base_name(words[0])
    if name in _PLAIN_WRAPPERS:
        rest = _skip_options(words[1:])
        return rest[_PLAIN_WRAPPERS[name] :]
    if re.fullmatch(r"python[\d.]*|pypy[\d.]*|py", name) is not None and "-m" in words[1:5]:
        return words[words.index("-m") + 1 :]
    if name in _RUNNERS:
        verbs = _RUNNERS[name]
        rest = _skip_options(words[1:])
        if verbs:
            if not rest or rest[0] not in verbs:
                return None
            rest = _skip_options(rest[1:])
        return rest or None
    if name in {"docker", "podman", "docker-compose"}:
        for verb in ("exec", "run"):
            if verb in words[1:4]:
                rest = _skip_options(words[words.index(verb) + 1 :], with_value=_CONTAINER_OPTIONS)
                return rest[1:] or None
    return None


def _skip_options(words: list[str], *, with_value: frozenset[str] = _OPTIONS_WITH_VALUE) -> list[str]:
    position = 0
    while position < len(words) and (words[position].startswith("-") or _ASSIGNMENT.match(words[position])):
        if words[position] == "--":
            return words[position + 1 :]
        position += 2 if words[position] in with_value else 1
    return words[position:]


def _inner_line(words: tuple[str, ...]) -> str | None:
    """Return the line that ``bash -lc '…'`` or ``eval`` runs."""
    name = _base_name(words[0])
    if name in {"bash", "sh", "zsh", "dash"}:
        for position, word in enumerate(words[1:-1], start=1):
            if re.fullmatch(r"-[a-z]*c", word) is not None:
                return words[position + 1]
    return " ".join(words[1:]) if name == "eval" else None


def _base_name(word: str) -> str:
    return word.rstrip("/").rsplit("/", 1)[-1]


def _pieces(line: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    before = ""
    words: list[str] = []
    for token in [*_tokens(_HEREDOC.sub("\n", line)), ""]:
        if token not in _CONNECTORS and token:
            words.append(token)
            continue
        stripped = [word.strip("()") or word for word in words if word not in {"(", ")"}]
        keyword = bool(stripped) and stripped[0] in _KEYWORDS
        while stripped and stripped[0] in _KEYWORDS:
            stripped = stripped[1:]
        if stripped:
            pieces.append(_Piece(words=tuple(stripped), before=before, after=token, keyword=keyword))
            before = token
        words = []
    if pieces and pieces[-1].after in {";", "\n"}:
        pieces[-1] = msgspec.structs.replace(pieces[-1], after="")
    return pieces


def _tokens(line: str) -> list[str]:
    """Split into words and connectors; quotes group, a backslash escapes, ``#`` at a word's start is a comment."""
    tokens: list[str] = []
    word: list[str] = []
    started = False
    position = 0
    while position < len(line):
        character = line[position]
        if character in "'\"":
            end = _closing_quote(line, position)
            word.append(line[position + 1 : end])
            started = True
            position = end + 1
            continue
        if character == "\\" and position + 1 < len(line):
            word.append("" if line[position + 1] == "\n" else line[position + 1])
            position += 2
            continue
        connector = next((mark for mark in _CONNECTORS if line.startswith(mark, position)), None)
        if connector == "&" and (line.startswith("&>", position) or (word and word[-1] == ">")):
            connector = None  # a redirection such as 2>&1
        if connector is None and not character.isspace():
            if character == "#" and not word and not started:
                position = _line_end(line, position)
                continue
            word.append(character)
            position += 1
            continue
        if word or started:
            tokens.append("".join(word))
            word, started = [], False
        if connector is not None:
            tokens.append(connector)
        position += len(connector) if connector is not None else 1
    if word or started:
        tokens.append("".join(word))
    return tokens


def _closing_quote(line: str, position: int) -> int:
    quote = line[position]
    end = position + 1
    while end < len(line) and line[end] != quote:
        end += 2 if line[end] == "\\" and quote == '"' else 1
    return min(end, len(line))


def _line_end(line: str, position: int) -> int:
    end = line.find("\n", position)
    return len(line) if end < 0 else end
