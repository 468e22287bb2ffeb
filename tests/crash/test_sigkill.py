"""Kill the real daemon at random moments under load; demand every write that it answered `stored`.

After each kill the indexes have to answer as ones made anew from the database do (`test_rebuilt.py` shows that this
is noticed).

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
from rbtest.rebuilt import differences

from reasoningbank_daemon.embedding.weights import WeightsError, find_weights

ROUNDS = int(os.environ.get("RB_CRASH_ROUNDS", "5"))
CLIENTS = 16
BANK_ROUNDS = 50
"""Rounds after which a new bank is begun: making its indexes anew after each kill takes time with its size."""

QUESTIONS = 16


def _one_round(daemon: DaemonProcess, journal: Journal, rng: random.Random, number: int) -> None:
    """Load the running daemon with writes and kill it somewhere among them."""
    clients = [LoadClient(daemon.paths.endpoint, journal, seed=number * 100 + i) for i in range(CLIENTS)]
    before = len(journal.acknowledged)
    for client in clients:
        client.start()
    wait_until(
        lambda: bool(journal.unanswered) or len(journal.acknowledged) > before + CLIENTS,
        what="the first acknowledged writes of this round",
    )
    assert not journal.unanswered, f"round {number}: no answer to {journal.unanswered}"
    # The moment is drawn from the clock, not from the work: it falls anywhere in a group commit.
    end = time.monotonic() + rng.uniform(0.0, 0.7)
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


def _rank_by_vectors_too(home: Path) -> str:
    """Configure the sentence embedding where its weights are installed; say by what the bank will rank."""
    try:
        find_weights("")
    except WeightsError as error:
        return f"words alone ({error})"
    (home / "config.toml").write_text('[recall]\nembedder = "minilm"\n', encoding="utf-8")
    return "words and vectors"


def _kill_again_and_again(rounds: int, rng: random.Random, *, first: int) -> int:
    """Kill the daemon of one bank so many times, and look at everything after each; return what was acknowledged."""
    journal = Journal()
    with scratch_home() as home:
        ranked_by = _rank_by_vectors_too(home)
        # As a context manager: where a round fails, no daemon is left over.
        with DaemonProcess(home) as daemon:
            for number in range(first, first + rounds):
                _one_round(daemon, journal, rng, number)

                lost = set(journal.acknowledged) - _stored_nonces(daemon.paths.bank)
                assert not lost, f"round {number}: {len(lost)} of {len(journal.acknowledged)} lost"
                assert _half_written(daemon.paths.bank) == []
                daemon.start()
                differing = differences(daemon, questions=QUESTIONS, rng=rng)
                assert not differing, f"round {number}: " + "\n".join(differing)
            assert daemon.terminate() == 0
    print(f"{rounds} kills of one bank, {len(journal.acknowledged)} acknowledged, ranked by {ranked_by}")
    return len(journal.acknowledged)


def test_no_acknowledged_write_is_lost_and_indexes_answer_as_made_anew_after_each_kill() -> None:
    seed = int(os.environ.get("RB_CRASH_SEED", "20261121"))
    rng = random.Random(seed)

    acknowledged = sum(
        _kill_again_and_again(min(BANK_ROUNDS, ROUNDS - first), rng, first=first)
        for first in range(0, ROUNDS, BANK_ROUNDS)
    )

    assert acknowledged > ROUNDS * CLIENTS
    print(
        f"{ROUNDS} kills, seed {seed}: {acknowledged} acknowledged writes, 0 lost; "
        f"the indexes answered {QUESTIONS} questions as made anew after each"
    )
