"""``reasoningbank logs``: the end of the daemon's log, and what is added to it."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from reasoningbank_daemon.cli import streams
from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.cli.parsing import Command, whole_number

LOG_FILE = "daemon.log"  # telemetry.LOG_FILE; importing it would load the whole of structlog for one name
POLL_S = 0.2
_BLOCK_BYTES = 1 << 16
_SHOWN_FIRST = ("timestamp", "level", "event", "exception")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``logs``."""
    parser.add_argument(
        "-n", "--lines", type=whole_number(1), default=50, metavar="N", help="how many lines (50)"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="keep printing new lines until Ctrl-C")
    parser.add_argument(
        "--json", action="store_true", help="write the lines as they are: one JSON object each"
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Show the log's end, then follow it if asked to."""
    file = context.paths.logs / LOG_FILE
    if not file.exists() and not arguments.follow:
        raise CommandError(
            f"there is no log yet: {file}",
            code=ExitCode.NOT_FOUND,
            next_step="reasoningbank up",
        )
    # Where following begins is fixed before anything is shown: what is written in between must not be missed.
    followed = _open_at_end(file) if arguments.follow else None
    end = followed.tell() if followed else None
    for line in last_lines(file, arguments.lines, end=end):
        context.say(line if arguments.json else render(line))
    if arguments.follow:
        streams.flush(context.out)
        for line in _added_lines(file, followed, context):
            context.say(line if arguments.json else render(line))
            streams.flush(context.out)
    return ExitCode.OK


def last_lines(file: Path, count: int, *, end: int | None = None) -> list[str]:
    """Return the last ``count`` lines, reading older log files as far as needed and no further.

    Of the newest file, what stands behind the byte ``end`` is left out.
    """
    lines: list[bytes] = []
    for source in (file, *_older(file)):
        if len(lines) >= count:
            break
        try:
            with source.open("rb") as stream:
                lines = [*_tail(stream, count - len(lines), end if source is file else None), *lines]
        except FileNotFoundError:
            # Renamed by a rotation between the listing and now: its lines are in the next one.
            continue
    return [line.decode("utf-8", "replace") for line in lines]


def render(line: str) -> str:
    """Write one JSON line for a person: time, level, event, then the fields; a line of another kind as it is."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, dict):
        return line
    time = str(entry.get("timestamp", ""))[:19].replace("T", " ")
    fields = " ".join(f"{key}={_value(value)}" for key, value in entry.items() if key not in _SHOWN_FIRST)
    text = f"{time} {entry.get('level', ''):<8} {entry.get('event', '')} {fields}".rstrip()
    exception = entry.get("exception")
    return f"{text}\n{exception}" if exception else text


def _value(value: Any) -> str:  # whatever JSON can hold
    return (
        value
        if isinstance(value, str) and value and " " not in value
        else json.dumps(value, ensure_ascii=False)
    )


def _older(file: Path) -> list[Path]:
    """Return the rotated files, the newest first."""
    found = [path for path in file.parent.glob(f"{file.name}.*") if path.suffix[1:].isdigit()]
    return sorted(found, key=lambda path: int(path.suffix[1:]))


def _tail(stream: BinaryIO, count: int, end: int | None) -> list[bytes]:
    size = stream.seek(0, os.SEEK_END)
    end = size if end is None else min(end, size)
    data = b""
    while end > 0 and data.count(b"\n") <= count:
        start = max(0, end - _BLOCK_BYTES)
        stream.seek(start)
        data = stream.read(end - start) + data
        end = start
    return data.splitlines()[-count:]


def _added_lines(file: Path, stream: BinaryIO | None, context: Context) -> Iterator[str]:
    """Yield lines as they are written, over rotations: a file that was renamed is read to its end first."""
    rest = b""
    try:
        while True:
            chunk = stream.read() if stream else b""
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)
            if chunk:
                continue
            if stream is None or _replaced(file, stream):
                newer = _open_newer(file)
                if newer is not None:
                    if stream:
                        stream.close()
                    stream = newer
                    continue
            context.pause(POLL_S)
    finally:
        if stream:
            stream.close()


def _open_at_end(file: Path) -> BinaryIO | None:
    stream = _open_newer(file)
    if stream is not None:
        stream.seek(0, os.SEEK_END)
    return stream


def _open_newer(file: Path) -> BinaryIO | None:
    try:
        return file.open("rb")
    except FileNotFoundError:
        return None


def _replaced(file: Path, stream: BinaryIO) -> bool:
    try:
        return file.stat().st_ino != os.fstat(stream.fileno()).st_ino
    except FileNotFoundError:
        return False


COMMANDS = {"logs": Command(add_arguments, run)}
