"""Where log lines go and what may be in them.

Every line goes to ``daemon.log`` as one JSON object. Beside that, standard error gets what suits whoever reads
it: coloured text on a terminal, JSON lines for a service manager or a pipe, nothing into a plain file
(``reasoningbank up`` keeps one for what is said before logging works; it must not grow).

Two rules are kept here and not left to callers: text that users or agents wrote is shown at level debug only,
and no secret passes.
"""

from __future__ import annotations

import enum
import logging
import os
import stat
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from reasoningbank_daemon.telemetry.rotating_file import RotatingFile
from reasoningbank_schema.redaction import redact

LOG_FILE = "daemon.log"

USER_TEXT = frozenset(
    {"prompt", "text", "query", "output", "stdout", "stderr", "command", "payload", "content", "note", "diff"}
)
"""Names of values that somebody wrote: above level debug only their length is logged."""

MAX_VALUE_CHARS = 8_000
"""A longer value keeps its beginning and its end, where a traceback says what happened."""

_READ_CHARS = 65_536  # more of a value is not even looked at
_FIRST_KEYS = ("timestamp", "level", "event", "request")


class Output(enum.Enum):
    """Name what standard error gets beside the file."""

    CONSOLE = "console"
    JSON = "json"
    NOTHING = "nothing"


def configure_logging(
    level: str, *, folder: Path, environment: Mapping[str, str], stream: TextIO | None = None
) -> RotatingFile:
    """Set logging up for this process: file, standard error, libraries' logs, crashed threads.

    Parameters
    ----------
    level
        ``debug``, ``info``, ``warning`` or ``error``; `set_level` changes it later.
    folder
        Where ``daemon.log`` is kept; it must exist.
    environment
        Tells whether a service manager started us.
    stream
        Standard error unless told otherwise; `choose_output` decides what it gets.

    Returns
    -------
    RotatingFile
        The file, for whoever wants to know how many lines it lost.
    """
    stream = sys.stderr if stream is None else stream
    file = RotatingFile(folder / LOG_FILE)
    structlog.configure(
        processors=[*_preparation(), _Fan(file, stream, choose_output(stream, environment))],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        # Not cached, so that a new level reaches loggers that are already in use.
        cache_logger_on_first_use=False,
    )
    _adopt_library_logs()
    _log_crashes()
    return file


def set_level(level: str) -> None:
    """Change the least severe level that is logged, for every logger of the process."""
    structlog.configure(
        processors=structlog.get_config()["processors"],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        cache_logger_on_first_use=False,
    )


def choose_output(stream: TextIO, environment: Mapping[str, str]) -> Output:
    """Say what a stream should get, by what it is and who reads it."""
    if stream.isatty():
        return Output.CONSOLE
    if environment.get("NOTIFY_SOCKET"):
        return Output.JSON
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):  # closed, or not backed by a descriptor
        return Output.NOTHING
    return Output.JSON if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else Output.NOTHING


@contextmanager
def request_context(nonce: bytes) -> Iterator[None]:
    """Put the request's id into every line that this thread logs meanwhile."""
    with structlog.contextvars.bound_contextvars(request=nonce.hex()[:12]):
        yield


def withhold_user_text(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace what somebody wrote by its length, except at level debug."""
    if method == "debug":
        return event
    for key in USER_TEXT & event.keys():
        value = event[key]
        if isinstance(value, str | bytes):
            event[key] = f"<{len(value)} {'characters' if isinstance(value, str) else 'bytes'}>"
    return event


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove secrets from every text in a line, however deep, and cap its length."""
    for key, value in event.items():
        event[key] = _clean(value)
    return event


def render_json(event: MutableMapping[str, Any]) -> str:
    """Write a line as one JSON object, time and level first."""
    first = {key: event[key] for key in _FIRST_KEYS if key in event}
    rest = {key: value for key, value in event.items() if key not in first}
    return msgspec.json.encode(first | rest, enc_hook=repr).decode()


class _Fan:
    """End the chain: write the line to its destinations."""

    def __init__(self, file: RotatingFile, stream: TextIO, output: Output) -> None:
        self._file = file
        self._stream = stream
        self._output = output
        self._console = structlog.dev.ConsoleRenderer(
            colors=output is Output.CONSOLE, exception_formatter=structlog.dev.plain_traceback
        )

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        line = render_json(event)
        self._file.write(line)
        if self._output is not Output.NOTHING:
            shown = line if self._output is Output.JSON else str(self._console(logger, method, dict(event)))
            try:
                self._stream.write(shown + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                # Its reader is gone; the file has the line.
                self._output = Output.NOTHING
        raise structlog.DropEvent


class _LibraryLogs(logging.Handler):
    """Hand what libraries log to our chain, so that it gets the same file, the same form and no secrets."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        fields: dict[str, Any] = {"exc_info": record.exc_info} if record.exc_info else {}
        logger.log(record.levelno, "library", message=record.getMessage(), **fields)


def _preparation() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        withhold_user_text,
        structlog.processors.format_exc_info,
        redact_secrets,
    ]


def _clean(value: Any) -> Any:  # log values are whatever a caller has
    if isinstance(value, str):
        return _cap(redact(value[:_READ_CHARS]).text)
    if isinstance(value, bytes):
        return _cap(redact(value[:_READ_CHARS].decode("utf-8", "replace")).text)
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _cap(redact(str(value)[:_READ_CHARS]).text)


def _cap(text: str) -> str:
    if len(text) <= MAX_VALUE_CHARS:
        return text
    half = MAX_VALUE_CHARS // 2
    return f"{text[:half]} …[{len(text) - 2 * half} characters left out]… {text[-half:]}"


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _adopt_library_logs() -> None:
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _LibraryLogs):
            root.removeHandler(handler)
    root.addHandler(_LibraryLogs(level=logging.WARNING))
    logging.captureWarnings(capture=True)


def _log_crashes() -> None:
    """Log what kills a thread; the interpreter would only print it to a stream that nobody may read."""

    def thread_died(arguments: threading.ExceptHookArgs) -> None:
        name = arguments.thread.name if arguments.thread else "?"
        error = arguments.exc_value
        structlog.get_logger(__name__).critical("thread_died", thread=name, exc_info=error)

    threading.excepthook = thread_died
