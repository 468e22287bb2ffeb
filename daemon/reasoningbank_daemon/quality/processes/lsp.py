"""The part of the Language Server Protocol that engines need: open a text, ask for its diagnostics, close it."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

import msgspec

from reasoningbank_daemon.quality.engine import EngineError
from reasoningbank_daemon.quality.processes import rpc

CAPABILITIES: dict[str, object] = {
    "general": {"positionEncodings": ["utf-32", "utf-16"]},
    "textDocument": {"diagnostic": {"dynamicRegistration": False}},
    "workspace": {"diagnostics": {"refreshSupport": True}},  # without it oxlint sends diagnostics unasked
}


HINT = 4
"""The severity of a diagnostic that only explains another one."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a text, counted from 0."""

    line: int
    character: int


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Where a diagnostic begins."""

    start: Position


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of a server."""

    range: Range
    message: str
    code: str | int | None = None
    severity: int | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All findings in one text."""

    items: list[Diagnostic]


_decoder = msgspec.json.Decoder(Report)


def question(identity: int, address: str, *, language: str, text: str) -> bytes:
    """Open a document, ask for its diagnostics, close it: the server keeps nothing of it afterwards."""
    return open_and_ask(identity, address, language=language, text=text) + closing(address)


def open_and_ask(identity: int, address: str, *, language: str, text: str) -> bytes:
    """Open a document and ask for its diagnostics; a server that works in threads drops what is closed too soon."""
    document = {"uri": address}
    opened = {**document, "languageId": language, "version": 1, "text": text}
    return rpc.notification("textDocument/didOpen", {"textDocument": opened}) + rpc.request(
        identity, "textDocument/diagnostic", {"textDocument": document}
    )


def closing(address: str) -> bytes:
    """Close a document."""
    return rpc.notification("textDocument/didClose", {"textDocument": {"uri": address}})


def decode_report(answer: msgspec.Raw, *, server: str) -> list[Diagnostic]:
    """Return the diagnostics in an answer; raise `EngineError` where it holds something else."""
    try:
        return _decoder.decode(answer).items
    except msgspec.DecodeError as error:
        raise EngineError(f"{server}'s answer is not a diagnostic report: {error}") from error


def in_characters(items: list[Diagnostic], text: str) -> list[Diagnostic]:
    """Return the diagnostics of a server that counts UTF-16 units, whatever it was offered, in characters."""
    if text.isascii():
        return items
    lines = text.split("\n")
    return [
        msgspec.structs.replace(item, range=Range(start=_in_characters(item.range.start, lines)))
        for item in items
    ]


def _in_characters(position: Position, lines: list[str]) -> Position:
    line = lines[position.line] if position.line < len(lines) else ""
    before = line.encode("utf-16-le", "surrogatepass")[: position.character * 2]
    return Position(line=position.line, character=len(before.decode("utf-16-le", "ignore")))


def made_up_address(number: int, path: str, suffixes: tuple[str, ...], default: str) -> str:
    """Return an address with the file's own name, in a folder that does not exist.

    So no configuration is found beside it, and no rule for folders (`build/`, `.venv/`) leaves it out.
    """
    name = PurePosixPath(path.replace("\\", "/")).name.encode("utf-8", "replace").decode("utf-8")
    return f"file:///text/{number}/{quote(name) if name.lower().endswith(suffixes) else default}"


def one_line(message: str) -> tuple[str, str]:
    """Part a server's message into what is wrong and what helps, each on one line."""
    what, _, more = message.partition("\n")
    helps = [line.partition("help:")[2] for line in more.splitlines() if "help:" in line]
    return " ".join(what.split()), " ".join(" ".join(helps).split())
