"""The streams that a command writes to: every text can be written, and one that fails says so once."""

from __future__ import annotations

import codecs
import io
import os
from pathlib import Path
from typing import TextIO


class OutputError(Exception):
    """What a command says can't be written, as on a full disk; the message has the system's reason."""


def writable(stream: TextIO | None) -> TextIO:
    """Return a stream to which any text can be written.

    Characters that its encoding does not have are escaped. A stream that was closed before the program began (``>&-``)
    takes everything in silence, as the caller wanted.
    """
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def write(stream: TextIO, text: str) -> None:
    """Write a text.

    Raises
    ------
    BrokenPipeError
        When the reader has gone: that is no failure.
    OutputError
        When the system can't take it.
    """
    try:
        stream.write(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _failed(error) from error


def flush(stream: TextIO) -> None:
    """Hand on what was written; raises as `write` does."""
    try:
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _failed(error) from error


def has_all_characters(stream: TextIO) -> bool:
    """Say whether the stream's encoding has every character; one without an encoding keeps text as it is."""
    encoding = getattr(stream, "encoding", None)
    return encoding is None or codecs.lookup(encoding).name.startswith("utf-")


def discard(stream: TextIO) -> None:
    """Send what is still buffered nowhere: without this the interpreter complains at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _failed(error: OSError) -> OutputError:
    return OutputError(f"the output can't be written: {error.strerror}")
