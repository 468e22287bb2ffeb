"""Cut the power at each sync in turn; demand every acknowledged write, whole, and nothing else by halves."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import Any

import apsw
import pytest
from rbtest.bank import START_NS, Bank, Play, folder_as_project, picture, real_rules, scratch_paths
from rbtest.powercut import PowerCut, put_back

from reasoningbank_daemon.storage import sqlite
from reasoningbank_daemon.storage.base import StoreError
from reasoningbank_daemon.storage.inspection import inspect
from reasoningbank_daemon.storage.opening import open_bank
from reasoningbank_daemon.storage.recording.recorder import Recorder
from reasoningbank_daemon.storage.records import EventRecord
from reasoningbank_schema.redaction import redact

CHECKPOINT_EVERY = 4


def _script() -> list[EventRecord]:
    """A session with edits large enough to fill pages, two goals, and an end."""
    play = Play()
    events = [play.prompt("Fix the parser in parser.py")]
    rng = random.Random(4)
    for number in range(6):
        text = "".join(f"{rng.random()}\n" for _ in range(120))
        events += [
            play.edit(f"/code/app/f{number}.py", before="", after=text),
            play.run("pytest", status=number % 2),
        ]
    events += [
        play.stop(),
        play.prompt("Write a migration that adds a country column"),
        play.edit("/code/app/m.sql"),
    ]
    return [*events, play.stop(), play.end()]


class _Run:
    """One life of a bank on the forgetting file system: what it acknowledged before the power failed."""

    def __init__(self, folder: Path, *, cut_at: int | None, synchronous: str = "FULL") -> None:
        self.vfs = PowerCut(f"powercut-{folder.name}-{synchronous}", cut_at=cut_at)
        self.acknowledged = 0
        self._live(folder, synchronous)

    def _live(self, folder: Path, synchronous: str) -> None:
        try:
            opened = open_bank(scratch_paths(folder), now_ns=START_NS, vfs=self.vfs.name)
        except StoreError:
            return
        opened.db.pragma("synchronous", synchronous)
        recorder = Recorder(
            opened.db,
            rules=real_rules(),
            redact=lambda text: redact(text).text,
            project_key=folder_as_project,
        )
        try:
            for number, record in enumerate(_script(), start=1):
                with sqlite.transaction(opened.db):
                    recorder.apply(record)
                    recorder.settle()
                recorder.take_effects()
                self.acknowledged = number
                if number % CHECKPOINT_EVERY == 0:
                    opened.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        except apsw.Error:
            assert self.vfs.dead
        finally:
            with contextlib.suppress(apsw.Error):
                opened.db.close()


def _stored(folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """Open what survived as the daemon would; return how many records are there, and what they became."""
    bank = Bank(scratch_paths(folder).bank)
    assert bank.value("PRAGMA integrity_check") == "ok"
    assert bank.rows("PRAGMA foreign_key_check") == []
    count = bank.value("SELECT count(*) FROM receipt")
    found = picture(bank)
    bank.close()
    return count, found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What the bank must look like after each number of records."""
    bank = Bank(tmp_path_factory.mktemp("reference") / "memory.db")
    found = [picture(bank)]
    for record in _script():
        bank.write(record)
        found.append(picture(bank))
    bank.close()
    return found


def _sync_points(folder: Path) -> int:
    whole = _Run(folder / "whole", cut_at=None)
    assert whole.acknowledged == len(_script())
    return whole.vfs.syncs


@pytest.mark.parametrize("torn", [False, True])
def test_no_acknowledged_write_is_lost_at_any_power_cut(
    tmp_path: Path, pictures: list[list[dict[str, Any]]], *, torn: bool
) -> None:
    points = _sync_points(tmp_path)
    survived = []

    for cut_at in range(1, points + 1):
        run = _Run(tmp_path / f"cut{cut_at}", cut_at=cut_at)
        after = tmp_path / f"after{cut_at}"
        rng = random.Random(cut_at) if torn else None
        put_back(run.vfs.survivors(rng=rng), scratch_paths(after).data_dir)

        count, found = _stored(after)
        assert run.acknowledged <= count <= run.acknowledged + 1, f"cut at sync {cut_at} of {points}"
        assert found == pictures[count], f"cut at sync {cut_at} of {points}: a record is there by halves"
        assert inspect(scratch_paths(after), deep=True) == []
        survived.append(count)

    assert points > 2 * len(_script())
    assert survived[-1] >= len(_script()) - 1
    print(
        f"{points} cuts ({'torn' if torn else 'clean'}) of {len(_script())} records: none acknowledged was lost"
    )


def test_without_syncs_the_same_cuts_do_lose_acknowledged_writes(tmp_path: Path) -> None:
    run = _Run(tmp_path / "off", cut_at=None, synchronous="OFF")
    after = tmp_path / "after"
    put_back(run.vfs.survivors(), scratch_paths(after).data_dir)

    count, _ = _stored(after)

    assert run.acknowledged == len(_script())
    assert count < run.acknowledged
    print(f"without syncs {run.acknowledged - count} of {run.acknowledged} acknowledged records were lost")
