"""A configuration that is edited while the daemon runs."""

from __future__ import annotations

from pathlib import Path

from rbtest.daemon_process import DaemonProcess, scratch_home
from rbtest.wire import Wire

from reasoningbank_daemon.telemetry import LOG_FILE
from reasoningbank_schema.messages import Control, ControlAction, Done, Failure, Reply, decode_reply


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
