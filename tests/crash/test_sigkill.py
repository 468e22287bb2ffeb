"""Kill the real daemon at random moments under load; demand every write that it answered `stored`.

``RB_CRASH_ROUNDS`` sets how many rounds (`make crash`: 200); the default is the short form.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import apsw
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.load import Journal, LoadClient
from rbtest.wire import Wire

from reasoningbank_schema.messages import Recall, Recalled, decode_reply

ROUNDS = int(os.environ.get("RB_CRASH_ROUNDS", "5"))
CLIENTS = 16


def _one_round(daemon: DaemonProcess, journal: Journal, rng: random.Random, number: int) -> None:
    """Load the daemon with writes and kill it somewhere among them."""
    daemon.start()
    clients = [LoadClient(daemon.paths.endpoint, journal, seed=number * 100 + i) for i in range(CLIENTS)]
    before = len(journal.acknowledged)
    for client in clients:
        client.start()
    wait_until(lambda: len(journal.acknowledged) > before, what="the first acknowledged write of this round")
    # The moment is drawn from the clock, not from the work: it falls anywhere in a group commit.
    end = time.monotonic() + rng.uniform(0.0, 0.5)
    wait_until(lambda: time.monotonic() >= end, what="the drawn moment")
    daemon.kill()
    for client in clients:
        client.stop.set()
    for client in clients:
        client.join(10)


def _stored_nonces(bank: Path) -> set[bytes]:
    db = apsw.Connection(str(bank), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {row[0] for row in db.execute("SELECT nonce FROM receipt")}
    finally:
        db.close()


def _half_written(bank: Path) -> list[str]:
    """Say what is inconsistent: a damaged page, a dangling key, a step without its task."""
    db = apsw.Connection(str(bank), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        damage = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
        damage += [f"foreign key: {row}" for row in db.execute("PRAGMA foreign_key_check")]
    finally:
        db.close()
    return damage


def test_no_acknowledged_write_is_lost_when_the_daemon_is_killed() -> None:
    seed = int(os.environ.get("RB_CRASH_SEED", "20261121"))
    rng = random.Random(seed)
    journal = Journal()

    with scratch_home() as home:
        daemon = DaemonProcess(home)
        for number in range(ROUNDS):
            _one_round(daemon, journal, rng, number)

            lost = set(journal.acknowledged) - _stored_nonces(daemon.paths.bank)
            assert not lost, f"round {number}, seed {seed}: {len(lost)} of {len(journal.acknowledged)} lost"
            assert _half_written(daemon.paths.bank) == []
        assert len(journal.acknowledged) > ROUNDS * CLIENTS
        print(f"{ROUNDS} kills, {len(journal.acknowledged)} acknowledged writes, 0 lost")


def test_indexes_answer_as_a_rebuild_does_after_kills() -> None:
    queries = [
        "parser cache retry",
        "login token session",
        "export filter migration",
        "quota ledger snapshot",
    ]
    journal = Journal()

    with scratch_home() as home:
        daemon = DaemonProcess(home)
        for number in range(2):
            _one_round(daemon, journal, random.Random(number), number + 1000)
        daemon.start()
        kept = [_recalled(daemon, query) for query in queries]
        daemon.terminate()
        for file in sorted(daemon.paths.indexes.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        daemon.start()
        rebuilt = [_recalled(daemon, query) for query in queries]
        daemon.terminate()

    assert any(kept)
    assert kept == rebuilt


def _recalled(daemon: DaemonProcess, query: str) -> list[int]:
    with Wire(daemon.paths.endpoint) as wire:
        answers = wire.ask(Recall(query=query, limit=10))
    assert answers is not None
    reply = decode_reply(answers.advice)
    assert isinstance(reply, Recalled)
    return [experience.id for experience in reply.experiences]
