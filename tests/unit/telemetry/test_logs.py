from __future__ import annotations

import io
import json
import logging
import os
import pty
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from reasoningbank_daemon.telemetry import configure_logging, request_context, set_level
from reasoningbank_daemon.telemetry.logs import MAX_VALUE_CHARS, Output, choose_output

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    handlers, hook = list(logging.getLogger().handlers), threading.excepthook
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers[:] = handlers
    threading.excepthook = hook


def configured(folder: Path, level: str = "info") -> None:
    configure_logging(level, folder=folder, environment={}, stream=io.StringIO())


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "daemon.log").read_text("utf-8").splitlines()]


def test_line_has_time_level_event_and_the_request(tmp_path: Path) -> None:
    configured(tmp_path)

    with request_context(bytes(range(16))):
        structlog.get_logger("x").info("served", n=1)

    (line,) = lines(tmp_path)
    assert list(line) == ["timestamp", "level", "event", "request", "n"]
    assert (line["level"], line["event"], line["request"], line["n"]) == ("info", "served", "000102030405", 1)


def test_level_applies_and_can_change_for_loggers_in_use(tmp_path: Path) -> None:
    configured(tmp_path, "warning")
    log = structlog.get_logger("x")

    log.info("before")
    set_level("info")
    log.info("after")

    assert [line["event"] for line in lines(tmp_path)] == ["after"]


def test_secret_is_removed_wherever_it_stands(tmp_path: Path) -> None:
    configured(tmp_path, "debug")
    log = structlog.get_logger("x")

    log.warning(SECRET, reason=f"token {SECRET}", nested={"a": [f"x {SECRET}"]}, raw=SECRET.encode())
    log.debug("text", prompt=SECRET)
    try:
        int(SECRET)
    except ValueError:
        log.exception("defect")
    logging.getLogger("lib").error("in a library: %s", SECRET)

    written = (tmp_path / "daemon.log").read_text("utf-8")
    assert len(written.splitlines()) == 4
    assert SECRET not in written
    assert "ValueError" in written


def test_text_of_a_user_is_shown_at_debug_only(tmp_path: Path) -> None:
    configured(tmp_path, "debug")
    log = structlog.get_logger("x")

    log.warning("late", prompt="rename the thing", output=b"abc")
    log.debug("late", prompt="rename the thing")

    first, second = lines(tmp_path)
    assert (first["prompt"], first["output"]) == ("<16 characters>", "<3 bytes>")
    assert second["prompt"] == "rename the thing"


def test_long_value_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    configured(tmp_path)

    structlog.get_logger("x").info("x", reason="start " + "word " * 5000 + " end")

    reason = lines(tmp_path)[0]["reason"]
    assert len(reason) < MAX_VALUE_CHARS + 100
    assert reason.startswith("start ")
    assert reason.endswith(" end")
    assert "characters left out" in reason


def test_thread_that_dies_is_logged(tmp_path: Path) -> None:
    configured(tmp_path)
    thread = threading.Thread(target=lambda: 1 // 0, name="worker-7")

    thread.start()
    thread.join()

    (line,) = lines(tmp_path)
    assert (line["event"], line["thread"]) == ("thread_died", "worker-7")
    assert "ZeroDivisionError" in line["exception"]


def test_pipe_gets_the_same_json_as_the_file(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as out, os.fdopen(writer, "w") as stream:
        configure_logging("info", folder=tmp_path, environment={}, stream=stream)
        structlog.get_logger("x").info("served")
        stream.close()

        assert [json.loads(line) for line in out.read().splitlines()] == lines(tmp_path)


def test_reader_that_went_away_does_not_stop_the_file(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    configure_logging("info", folder=tmp_path, environment={}, stream=stream)
    os.close(reader)

    structlog.get_logger("x").info("one")
    structlog.get_logger("x").info("two")

    assert [line["event"] for line in lines(tmp_path)] == ["one", "two"]
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_what_a_stream_gets_follows_from_what_it_is(tmp_path: Path) -> None:
    ours, terminal = pty.openpty()
    reader, writer = os.pipe()
    plain = tmp_path / "startup.log"
    plain.touch()

    with (
        os.fdopen(terminal, "w") as tty,
        os.fdopen(writer, "w") as pipe,
        plain.open("w") as file,
    ):
        found = [
            choose_output(tty, {}),
            choose_output(pipe, {}),
            choose_output(file, {}),
            choose_output(file, {"NOTIFY_SOCKET": "/run/x"}),
            choose_output(io.StringIO(), {}),
        ]

    os.close(ours)
    os.close(reader)
    assert found == [Output.CONSOLE, Output.JSON, Output.NOTHING, Output.JSON, Output.NOTHING]
