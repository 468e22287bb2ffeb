"""A configuration that is edited while the daemon runs."""

from __future__ import annotations

import os
from pathlib import Path

from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.wire import Wire

from reasoningbank_daemon.telemetry import LOG_FILE
from reasoningbank_schema.messages import (
    Control,
    ControlAction,
    DaemonStatus,
    Done,
    Failure,
    Reply,
    Status,
    decode_reply,
)


def _reload(daemon: DaemonProcess, text: str) -> Reply:
    whole = daemon.paths.config_file.with_suffix(".new")
    whole.write_text(text, encoding="utf-8")
    whole.rename(daemon.paths.config_file)
    with Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Control(action=ControlAction.RELOAD))
    assert answers is not None
    return decode_reply(answers.advice)


def _log(daemon: DaemonProcess) -> str:
    file: Path = daemon.paths.logs / LOG_FILE
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _told(daemon: DaemonProcess, event: str) -> int:
    return _log(daemon).count(f'"event":"{event}"')


def _status(daemon: DaemonProcess) -> DaemonStatus:
    with Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Status())
    assert answers is not None
    reply = decode_reply(answers.advice)
    assert isinstance(reply, DaemonStatus)
    return reply


def test_new_log_level_is_in_force_at_once_in_both_directions() -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        daemon.paths.config_file.parent.mkdir(parents=True, exist_ok=True)
        daemon.paths.config_file.write_text('[daemon]\nlog_level = "error"\n', encoding="utf-8")
        with daemon:
            silent = _log(daemon)
            answer = _reload(daemon, '[daemon]\nlog_level = "info"\n')
            talking = _log(daemon)
            _reload(daemon, '[daemon]\nlog_level = "error"\n')
            daemon.terminate()

            assert isinstance(answer, Done)
            assert silent == ""
            assert "config_reloaded" in talking
            assert "stopped" not in _log(daemon)


def test_level_that_does_not_exist_leaves_the_old_one_in_force() -> None:
    with scratch_home() as home, DaemonProcess(home) as daemon:
        answer = _reload(daemon, '[daemon]\nlog_level = "loud"\n')

        daemon.terminate()

        assert isinstance(answer, Failure)
        assert "daemon.log_level" in answer.message
        assert "stopped" in _log(daemon)


def test_file_that_is_saved_in_place_and_wrong_leaves_the_old_one_in_force_and_is_refused_once() -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        file = daemon.paths.config_file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[daemon]\nidle_exit_hours = 3\n", encoding="utf-8")
        with daemon:
            with file.open("w", encoding="utf-8") as stream:
                os.fsync(stream.fileno())
                stream.write("[daemon]\nidle_exit_hours = -3\n")
            wait_until(lambda: _told(daemon, "config_refused") > 0, what="the file to be refused")
            refused = _status(daemon).warnings
            file.write_text("[daemon]\nidle_exit_hours = 4\n", encoding="utf-8")
            wait_until(lambda: _told(daemon, "config_reloaded") > 0, what="the mended file to be in force")
            mended = _status(daemon).warnings

            assert [warning for warning in refused if "daemon.idle_exit_hours is -3" in warning]
            assert mended == ()
            assert (_told(daemon, "config_refused"), _told(daemon, "config_reloaded")) == (1, 1)
