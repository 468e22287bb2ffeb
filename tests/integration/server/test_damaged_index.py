"""An index that is damaged on disk is made again by the next daemon, and never answered from."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.hook_home import give_away, ordinary_user
from rbtest.wire import Wire

from reasoningbank_daemon.index.inspection import find_damage
from reasoningbank_schema.exit_codes import ExitCode
from reasoningbank_schema.messages import DaemonStatus, Recall, Recalled, Remember, Status, decode_reply

FACTS = 30


def _status(daemon: DaemonProcess) -> DaemonStatus:
    with Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Status())
    assert answers is not None
    reply = decode_reply(answers.advice)
    assert isinstance(reply, DaemonStatus)
    return reply


def _fill(daemon: DaemonProcess) -> None:
    with Wire(daemon.paths.endpoint) as wire:
        for number in range(FACTS):
            assert (
                wire.ask(Remember(text=f"The invoice export of customer{number} needs a country")) is not None
            )
    wait_until(lambda: _status(daemon).lexical_documents == FACTS, what="the index to have every fact")


def _largest(folder: Path, suffix: str) -> Path:
    return max(folder.glob(f"*{suffix}"), key=lambda file: file.stat().st_size)


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0x04
    file.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a flipped bit in the postings": lambda folder: _flip(_largest(folder, ".idx")),
    "a flipped bit in the terms": lambda folder: _flip(_largest(folder, ".term")),
    "a flipped bit in the list of segments": lambda folder: _flip(folder / "meta.json"),
    "a cut-off file": lambda folder: _largest(folder, ".store").write_bytes(b"short"),
    "a file that is gone": lambda folder: _largest(folder, ".fast").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_index_is_named_made_again_and_answers_as_before(damage: str) -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        folder = daemon.paths.indexes / "lexical"
        with daemon:
            _fill(daemon)
        DAMAGES[damage](folder)

        with daemon:
            status = _status(daemon)
            with Wire(daemon.paths.endpoint) as wire:
                answers = wire.ask(Recall(query="customer17 invoice export"))
            daemon.terminate()

        assert any("made again" in warning for warning in status.warnings)
        assert status.lexical_documents == FACTS
        assert answers is not None
        recalled = decode_reply(answers.advice)
        assert isinstance(recalled, Recalled)
        assert "customer17 " in recalled.experiences[0].text
        assert find_damage(folder) == []


def test_something_else_in_the_place_of_the_index_is_replaced_by_one() -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        folder = daemon.paths.indexes / "lexical"
        with daemon:
            _fill(daemon)
        shutil.rmtree(folder)
        folder.write_text("not an index")

        with daemon:
            status = _status(daemon)
            daemon.terminate()

        assert status.lexical_documents == FACTS
        assert find_damage(folder) == []


def test_folder_in_which_no_index_can_be_made_ends_the_daemon_with_a_sentence() -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home, user=ordinary_user())
        daemon.paths.indexes.mkdir(parents=True)
        daemon.paths.indexes.chmod(0o500)
        give_away(home)

        daemon.start(wait=False)
        assert daemon.process is not None
        code = daemon.process.wait(30)

        assert code == ExitCode.CANNOT_CREATE
        assert f"no index can be made in {daemon.paths.indexes / 'lexical'}" in daemon.output()
        assert "Traceback" not in daemon.output()


def test_defect_at_start_is_told_by_the_exit_code_and_by_the_log() -> None:
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        daemon.paths.data_dir.mkdir(parents=True)
        daemon.paths.data_dir.chmod(0o700)
        daemon.paths.lock.mkdir()

        daemon.start(wait=False)
        assert daemon.process is not None
        code = daemon.process.wait(30)

        assert code == ExitCode.DEFECT
        assert "IsADirectoryError" in (daemon.paths.logs / "daemon.log").read_text()
