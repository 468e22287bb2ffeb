"""Transcripts are read where a hook said they are, whatever is there, and left alone when they have been read."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rbtest.bank import SECOND_NS, START_NS, Play, scratch_paths
from rbtest.manual_clock import ManualClock
from structlog.testing import capture_logs

from reasoningbank_daemon.config import Config
from reasoningbank_daemon.jobs.transcripts import TranscriptsJob
from reasoningbank_daemon.services.container import Services, open_services
from reasoningbank_daemon.services.folders import prepare_folders
from reasoningbank_schema.events import SessionStarted, TurnEnded


@dataclass
class Reading:
    """The job over a real bank, and a session whose hooks name a transcript."""

    services: Services
    clock: ManualClock
    play: Play

    def mention(self, path: str, *, prompt: str | None = "Fix the parser") -> None:
        """Tell a session that names a transcript at its start and, with a prompt, at its end."""
        started = SessionStarted(origin=self.play.origin(transcript_path=path))
        self.services.store.submit(self.play.record(started), None)
        if prompt is not None:
            self.services.store.submit(self.play.prompt(prompt), None)
            stop = TurnEnded(origin=self.play.origin(transcript_path=path))
            self.services.store.submit(self.play.record(stop), None)
        assert self.services.store.flush(timeout_s=30)

    def read(self) -> None:
        """Do one round and wait until the bank has what it found."""
        TranscriptsJob(self.services).run()
        assert self.services.store.flush(timeout_s=30)

    def wanted(self) -> list[str]:
        return [transcript.path for transcript in self.services.store.transcripts_to_read()]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    paths = scratch_paths(tmp_path / "bank")
    prepare_folders(paths)
    clock = ManualClock(now_ns=START_NS + 10 * SECOND_NS)
    opened = open_services(paths, Config())
    reading = Reading(dataclasses.replace(opened, clock=clock), clock, Play(cwd=str(tmp_path)))
    yield reading
    opened.close()


def _line(message_id: str = "m1", **usage: int) -> str:
    message = {
        "id": message_id,
        "model": "claude-opus-5-5",
        "usage": {"input_tokens": 5, "output_tokens": 7, **usage},
    }
    return json.dumps({"type": "assistant", "timestamp": "2025-10-09T08:53:23Z", "message": message}) + "\n"


def _fifo(path: Path) -> str:
    os.mkfifo(path)
    return str(path)


def _folder(path: Path) -> str:
    path.mkdir()
    return str(path)


STRANGE: dict[str, Callable[[Path], str]] = {
    "a pipe that nobody writes": _fifo,
    "an endless device": lambda _path: "/dev/zero",
    "a folder": _folder,
    "nothing": str,
    "a null byte": lambda path: f"{path}\0",
    "a file in a file": lambda _path: "/etc/passwd/transcript.jsonl",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", STRANGE)
def test_what_is_no_file_is_passed_over_and_left_alone_after_a_minute(
    reading: Reading, tmp_path: Path, what: str
) -> None:
    path = STRANGE[what](tmp_path / "transcript.jsonl")
    reading.mention(path)

    reading.read()
    early = reading.wanted()
    reading.clock.advance(61)
    reading.read()

    assert early == [path]
    assert reading.wanted() == []
    detail = reading.services.store.task(1)
    assert detail is not None
    assert detail.usage.tokens_output is None


def test_transcript_that_can_not_be_read_is_logged_and_one_that_is_not_there_is_not(
    reading: Reading, tmp_path: Path
) -> None:
    loop = tmp_path / "loop.jsonl"
    loop.symlink_to(loop)
    reading.mention(str(loop))
    reading.mention(str(tmp_path / "not-written-yet.jsonl"))

    with capture_logs() as lines:
        reading.read()

    assert [(line["event"], line["reason"]) for line in lines] == [
        ("transcript_unreadable", "Too many levels of symbolic links")
    ]


def test_what_is_added_is_counted_and_the_file_left_alone_until_its_session_speaks(
    reading: Reading, tmp_path: Path
) -> None:
    file = tmp_path / "transcript.jsonl"
    file.write_text(_line(), encoding="utf-8")
    reading.mention(str(file))
    reading.read()
    reading.clock.advance(61)
    reading.read()
    silent = reading.wanted()
    with file.open("a", encoding="utf-8") as stream:
        stream.write(_line("m2"))

    reading.play.at_ns = reading.clock.now_ns()
    reading.mention(str(file), prompt="continue")
    reading.read()

    assert silent == []
    tasks = [reading.services.store.task(task_id) for task_id in (1, 2)]
    assert sum(task.usage.tokens_output or 0 for task in tasks if task) == 14


def test_usage_that_comes_before_any_turn_is_not_asked_for_over_and_over(
    reading: Reading, tmp_path: Path
) -> None:
    file = tmp_path / "transcript.jsonl"
    file.write_text(_line(), encoding="utf-8")
    reading.mention(str(file), prompt=None)
    job = TranscriptsJob(reading.services)

    job.run()
    assert reading.services.store.flush(timeout_s=30)
    reading.clock.advance(61)
    job.run()
    assert reading.services.store.flush(timeout_s=30)
    left, offset = reading.wanted(), reading.services.store.transcript_offset(str(file))
    reading.play.at_ns = reading.clock.now_ns()
    reading.mention(str(file))
    job.run()
    assert reading.services.store.flush(timeout_s=30)

    assert (left, offset) == ([], 0)
    detail = reading.services.store.task(1)
    assert detail is not None
    assert detail.usage.tokens_output == 7


@pytest.mark.parametrize("tokens", [2**70, 10**12 + 1, -1])
def test_line_whose_count_cannot_be_is_skipped(reading: Reading, tmp_path: Path, tokens: int) -> None:
    file = tmp_path / "transcript.jsonl"
    file.write_text(_line("m1", input_tokens=tokens) + _line("m2"), encoding="utf-8")
    reading.mention(str(file))

    reading.read()

    detail = reading.services.store.task(1)
    assert detail is not None
    assert (detail.usage.tokens_input, detail.usage.tokens_output) == (5, 7)
    assert reading.services.store.transcript_offset(str(file)) == file.stat().st_size
