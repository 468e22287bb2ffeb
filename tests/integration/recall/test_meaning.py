"""The library over a real bank and real embedders: what ranks, what is kept, what a restart finds."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from rbtest.bank import Play, folder_as_project, real_rules, scratch_paths
from rbtest.daemon_process import wait_until

from reasoningbank_daemon.embedding.base import Embedder, Matrix
from reasoningbank_daemon.embedding.hashed import HASHED_STAMP, HashedEmbedder
from reasoningbank_daemon.embedding.weights import WeightsError
from reasoningbank_daemon.services.embedders import EmbedderChoice
from reasoningbank_daemon.services.library import Library
from reasoningbank_daemon.services.meanings import _FIRST_TEXT
from reasoningbank_daemon.storage.records import Effects, Outcome, RememberRecord, RetireRecord
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_schema.messages import Remember
from reasoningbank_schema.vectors import Stamp

OTHER_STAMP = Stamp(model="another", dimension=HASHED_STAMP.dimension, version="1")


class Counting:
    """The hashed embedder, with a count of what it was given and a gate that holds it up."""

    def __init__(self, stamp: Stamp = HASHED_STAMP) -> None:
        self._inner = HashedEmbedder()
        self.stamp = stamp
        self.texts: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def embed(
        self, texts: Sequence[str], *, max_tokens: int | None = None, late: Callable[[], bool] | None = None
    ) -> Matrix:
        if texts == (_FIRST_TEXT,):
            return self._inner.embed(texts)
        while not self.gate.wait(0.005):
            if late is not None and late():
                break
        found = self._inner.embed(texts, max_tokens=max_tokens, late=late)
        self.texts += texts
        return found


class Bank:
    """A store with its library, as the daemon opens them; ``use`` names the embedder."""

    def __init__(self, folder: Path, *, embedder: Embedder | None, monotonic: Callable[[], float]) -> None:
        self.indexing = threading.Event()
        self.indexing.set()
        paths = scratch_paths(folder)
        for needed in (paths.data_dir, paths.state_dir):
            needed.mkdir(parents=True, exist_ok=True)
        self.library = Library(paths, on_tasks=lambda _: _wait_for(self.indexing), monotonic=monotonic)

        def follow(effects: Effects) -> None:
            self.library.follow(effects)

        self.store = SqliteStore(paths, rules=real_rules(), project_key=folder_as_project, on_commit=follow)
        self.library.open(self.store)
        self.library.use(_choice(embedder) if embedder else None)
        self._numbers = itertools.count(self.store.counts().sequence + 1)

    def tell(self, *texts: str, cwd: str = "/code/app") -> None:
        outcomes: list[Outcome] = []
        for text in texts:
            nonce = next(self._numbers).to_bytes(16, "big")
            told = RememberRecord(nonce=nonce, at_ns=1, remember=Remember(text=text, cwd=cwd))
            self.store.submit(told, outcomes.append)
        assert self.store.flush(timeout_s=30)
        assert all(outcome.receipt for outcome in outcomes)

    def close(self) -> None:
        self.indexing.set()
        self.library.rest()
        self.store.close()
        self.library.close()


def _wait_for(event: threading.Event) -> None:
    assert event.wait(30)


def _choice(embedder: Embedder, *, weights: str = "") -> EmbedderChoice:
    return EmbedderChoice(
        name=embedder.stamp.model, stamp=embedder.stamp, open=lambda: embedder, weights=weights
    )


Opener = Callable[..., Bank]


@pytest.fixture
def open_bank(tmp_path: Path) -> Iterator[Opener]:
    opened: list[Bank] = []

    def open_(embedder: Embedder | None = None, *, monotonic: Callable[[], float] = time.monotonic) -> Bank:
        for bank in opened:
            bank.close()
        opened[:] = [Bank(tmp_path, embedder=embedder, monotonic=monotonic)]
        return opened[0]

    yield open_
    for bank in opened:
        bank.close()


def _until(condition: Callable[[], bool]) -> None:
    wait_until(condition, what="what the test needs of the library")


def _is_embedded(bank: Bank, count: int) -> bool:
    status = bank.library.status()
    return status.vector_documents == count and status.vectors_waiting == 0


def _serves(bank: Bank, name: str = HASHED_STAMP.model) -> bool:
    return bank.library.status().embedder == name


FACTS = ("parsers need a lookahead", "the cache is keyed by path", "retries are bounded to three")


def test_experiences_are_embedded_and_then_take_part(open_bank: Opener) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _serves(bank) and _is_embedded(bank, 3))

    found = bank.library.find("parsing with lookahead", project=None)

    assert found.embedder == HASHED_STAMP.model
    assert bank.library.read(found.matches)[0].text == FACTS[0]
    assert len(bank.store.vectors_of(HASHED_STAMP, "experience", [1, 2, 3])) == 3


def test_meaning_finds_what_shares_no_whole_word(open_bank: Opener) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _serves(bank) and _is_embedded(bank, 3))

    found = bank.library.find("caching", project=None)

    assert bank.library.read(found.matches)[0].text == FACTS[1]


def test_of_two_that_are_like_enough_this_projects_comes_before_a_better_one_of_another(
    open_bank: Opener,
) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell("parsers need a lookahead of two", cwd="/code/other")
    bank.tell("parsers need a lookahead", cwd="/code/app")
    _until(lambda: _serves(bank) and _is_embedded(bank, 2))

    project = bank.store.project_id("/code/app")
    found = bank.library.find("parsers need a lookahead of two", project=project)

    assert [match.same_project for match in found.matches] == [True, False]
    assert found.matches[0].likeness < found.matches[1].likeness


def test_what_was_told_a_moment_ago_does_not_hide_what_is_asked_for(
    open_bank: Opener,
) -> None:
    bank = open_bank(None)
    bank.indexing.clear()  # the moment before the index has them
    bank.tell("parsers need a lookahead of two", cwd="/code/other")
    bank.tell(*(f"onions of kind {number}" for number in range(20)), cwd="/code/app")

    project = bank.store.project_id("/code/app")
    found = bank.library.find("parsers need a lookahead of two", project=project)

    assert [each.text for each in bank.library.read(found.matches)] == ["parsers need a lookahead of two"]


def test_a_project_with_much_that_is_a_little_alike_does_not_hide_the_best_of_another(
    open_bank: Opener,
) -> None:
    bank = open_bank(None)
    bank.tell(*(f"a lookahead of kind {number} is slow" for number in range(30)), cwd="/code/app")
    bank.tell("parsers need a lookahead of two", cwd="/code/other")
    _until(lambda: bank.library.status().lexical_documents == 31)

    project = bank.store.project_id("/code/app")
    found = bank.library.find("parsers need a lookahead of two", project=project)

    assert found.told is not None
    assert bank.library.read([found.told])[0].text == "parsers need a lookahead of two"
    assert [match.same_project for match in found.matches] == [False] + [True] * 11


def test_words_serve_and_say_so_until_everything_is_embedded(open_bank: Opener) -> None:
    embedder = Counting()
    embedder.gate.clear()
    bank = open_bank(None)
    bank.tell(*FACTS)
    # An embedder that is named while the index takes them in would serve at once, with nothing to embed.
    _until(lambda: bank.library.status().lexical_documents == 3)
    bank.library.use(_choice(embedder))
    _until(lambda: bank.library.status().vectors_waiting == 3)

    before = bank.library.find("parsers lookahead", project=None)
    embedder.gate.set()
    _until(lambda: _serves(bank))

    assert before.embedder == "lexical"
    assert "words alone: the embedder is not ready" in before.threshold_basis
    assert bank.library.read(before.matches)[0].text == FACTS[0]


def test_a_question_whose_vector_is_late_is_answered_by_words_and_says_so(open_bank: Opener) -> None:
    ticks = itertools.count(0.0, 1.0)
    bank = open_bank(HashedEmbedder(), monotonic=lambda: next(ticks))
    bank.tell(*FACTS)
    _until(lambda: _serves(bank))

    found = bank.library.find("parsers lookahead", project=None)

    assert found.embedder == "lexical"
    assert "words alone: no vector within 40 ms" in found.threshold_basis
    assert bank.library.read(found.matches)[0].text == FACTS[0]


def test_a_restart_reads_the_snapshot_and_embeds_nothing_again(open_bank: Opener) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _is_embedded(bank, 3))

    embedder = Counting()
    bank = open_bank(embedder)
    _until(lambda: _serves(bank))

    assert bank.library.status().vector_documents == 3
    assert embedder.texts == []


def test_what_came_while_no_embedder_was_used_is_embedded_later(open_bank: Opener) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _is_embedded(bank, 3))
    open_bank(None).tell("one more")

    embedder = Counting()
    bank = open_bank(embedder)
    _until(lambda: _is_embedded(bank, 4))

    assert embedder.texts == ["one more"]


def test_a_lost_snapshot_is_made_again_from_the_banks_vectors(open_bank: Opener, tmp_path: Path) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _is_embedded(bank, 3))
    bank = open_bank(None)
    (snapshot,) = scratch_paths(tmp_path).indexes.glob("vectors/*/snapshot-*")
    (snapshot / "vectors.npy").write_bytes(b"rotten")

    embedder = Counting()
    bank = open_bank(embedder)
    _until(lambda: _serves(bank))

    assert bank.library.status().vector_documents == 3
    assert embedder.texts == []


def test_a_snapshot_with_other_vectors_than_the_bank_is_not_believed(open_bank: Opener) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _is_embedded(bank, 3))
    bank = open_bank(None)
    zero_but_one = b"\x00\x3c" + bytes(2 * HASHED_STAMP.dimension - 2)
    writer = bank.store._writer._db
    writer.execute("UPDATE vector SET blob = ?", (zero_but_one,))

    bank = open_bank(HashedEmbedder())
    _until(lambda: _serves(bank))

    assert bank.library._all_meanings()[0].similarities(HashedEmbedder().embed((FACTS[0],))[0], [1]) != {
        1: pytest.approx(1.0, abs=1e-3)
    }


@pytest.mark.parametrize(
    "damaged", [b"short", b"\x00\x7e" * HASHED_STAMP.dimension, bytes(2 * HASHED_STAMP.dimension)]
)
def test_a_damaged_vector_in_the_bank_is_made_again(
    open_bank: Opener, tmp_path: Path, damaged: bytes
) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _is_embedded(bank, 3))
    bank = open_bank(None)
    bank.store._writer._db.execute("UPDATE vector SET blob = ? WHERE owner_id = 2", (damaged,))
    shutil.rmtree(scratch_paths(tmp_path).indexes / "vectors")

    embedder = Counting()
    bank = open_bank(embedder)
    _until(lambda: _serves(bank) and _is_embedded(bank, 3))

    assert embedder.texts == [FACTS[1]]
    assert len(bank.store.vectors_of(HASHED_STAMP, "experience", [2])[2]) == 2 * HASHED_STAMP.dimension


def test_a_retired_experience_leaves_the_vectors_now_and_after_a_restart(open_bank: Opener) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _is_embedded(bank, 3))

    bank.store.submit(RetireRecord(experience_ids=(1,), at_ns=2, reason="wrong"), None)
    _until(lambda: bank.library.status().vector_documents == 2)
    bank = open_bank(None)
    bank.store.submit(RetireRecord(experience_ids=(2,), at_ns=3, reason="wrong"), None)
    assert bank.store.flush(timeout_s=30)
    bank = open_bank(HashedEmbedder())
    _until(lambda: _serves(bank))

    assert bank.library.status().vector_documents == 1
    assert [match.id for match in bank.library.find("parsers cache retries", project=None).matches] == [3]


def test_the_old_embedder_serves_until_the_new_one_has_seen_everything(open_bank: Opener) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _serves(bank) and _is_embedded(bank, 3))
    other = Counting(OTHER_STAMP)
    other.gate.clear()

    bank.library.use(_choice(other))
    _until(lambda: bank.library.status().vectors_waiting == 3)
    before = bank.library.find("parsers lookahead", project=None)
    other.gate.set()
    _until(lambda: _serves(bank, OTHER_STAMP.model))

    assert before.embedder == HASHED_STAMP.model
    assert bank.library.find("parsers lookahead", project=None).embedder == OTHER_STAMP.model


def test_the_snapshots_of_a_former_embedder_go_when_the_new_one_is_in_force(
    open_bank: Opener, tmp_path: Path
) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _serves(bank) and _is_embedded(bank, 3))
    folder = scratch_paths(tmp_path).indexes / "vectors"
    bank = open_bank(HashedEmbedder())  # which ends the one before, and so keeps its snapshot
    _until(lambda: _serves(bank) and _is_embedded(bank, 3))
    former = [each.name for each in folder.iterdir()]

    bank.library.use(_choice(Counting(OTHER_STAMP)))
    _until(lambda: _serves(bank, OTHER_STAMP.model))
    _until(lambda: not [name for name in former if (folder / name).exists()])
    open_bank(None)

    assert len(former) == 1
    assert [each.name for each in folder.iterdir()] == ["another-1"]


def test_going_back_to_words_ends_the_embedder(open_bank: Opener) -> None:
    bank = open_bank(HashedEmbedder())
    bank.tell(*FACTS)
    _until(lambda: _serves(bank))

    bank.library.use(None)
    _until(lambda: _serves(bank, "lexical"))

    assert bank.library.find("parsers", project=None).threshold_basis.startswith("default, no evidence yet")
    assert bank.library.status().vector_documents == 0


def test_weights_that_cannot_be_used_leave_words_in_force_and_are_tried_again(open_bank: Opener) -> None:
    bank = open_bank(None)
    bank.tell(*FACTS)
    opened = [WeightsError("no weights: /w is not there", next_step="get them")]

    def open_() -> Embedder:
        if opened:
            raise opened.pop()
        return HashedEmbedder()

    choice = EmbedderChoice(name=HASHED_STAMP.model, stamp=HASHED_STAMP, open=open_)
    bank.library.use(choice)
    _until(lambda: bool(bank.library.status().warnings))
    warned = bank.library.status().warnings
    found = bank.library.find("parsers", project=None)
    bank.library.use(choice)
    _until(lambda: _serves(bank))

    assert warned == ("the configured embedder can't be used: no weights: /w is not there. Next: get them",)
    assert bank.library.read(found.matches)[0].text == FACTS[0]
    assert bank.library.status().warnings == ()


def test_work_under_way_at_the_end_goes_on_at_the_next_start(open_bank: Opener) -> None:
    bank = open_bank(None)
    bank.tell(*(f"fact number {number}" for number in range(100)))
    stopped = Counting()
    inner, batches = stopped.embed, itertools.count()

    def embed_one_batch(
        texts: Sequence[str], *, max_tokens: int | None = None, late: Callable[[], bool] | None = None
    ) -> Matrix:
        if len(texts) > 1 and next(batches):
            stopped.gate.clear()
        return inner(texts, max_tokens=max_tokens, late=late)

    stopped.embed = embed_one_batch  # type: ignore[method-assign]  # holds up from the second batch on
    bank.library.use(_choice(stopped))
    _until(lambda: bank.library.status().vectors_waiting == 68)

    rest = Counting()
    bank = open_bank(rest)
    _until(lambda: _is_embedded(bank, 100))

    assert len(stopped.texts) == 32
    assert len(rest.texts) == 68


def test_the_threshold_is_derived_again_as_the_bank_grows(open_bank: Opener) -> None:
    bank = open_bank(None)

    before = bank.library.status()
    _play_tasks(bank, 30)
    _until(
        lambda: (
            "pairs of" in bank.library.status().threshold_basis
            and "99th" in bank.library.status().threshold_basis
        )
    )

    assert before.threshold_basis == (
        "default, no evidence yet: 0 pairs of tasks of the same project, 200 needed"
    )
    assert bank.library.status().threshold_basis.endswith("of tasks of the same project")


def _play_tasks(bank: Bank, count: int) -> None:
    for number in range(count):
        play = Play(f"s{number}")
        for record in (play.prompt(f"Fix the {number} th part"), play.edit("/a.py"), play.end()):
            bank.store.submit(record, None)
    assert bank.store.flush(timeout_s=30)
