"""An index that lacks much of its bank is brought up to it while questions are answered."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rbtest.bank import folder_as_project, real_rules, scratch_paths
from rbtest.daemon_process import wait_until

from reasoningbank_daemon.index.threshold import Threshold
from reasoningbank_daemon.services.folders import prepare_folders
from reasoningbank_daemon.services.kept_threshold import keep_threshold, read_threshold
from reasoningbank_daemon.services.library import BATCH, Library
from reasoningbank_daemon.storage.records import RememberRecord
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_schema.messages import Remember
from reasoningbank_schema.paths import Paths

FACTS = 3 * BATCH + 7


def _remember(number: int) -> RememberRecord:
    text = f"fact{number} concerns the parser of module{number % 50}"
    return RememberRecord(nonce=number.to_bytes(16, "big"), at_ns=number, remember=Remember(text=text))


@contextmanager
def opened(paths: Paths) -> Iterator[tuple[SqliteStore, Library]]:
    library = Library(paths, on_tasks=lambda _effects: None)
    store = SqliteStore(paths, rules=real_rules(), project_key=folder_as_project, on_commit=library.follow)
    library.open(store)
    yield store, library
    library.rest()
    assert store.close()
    library.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a bank of many facts whose index is gone."""
    folder = tmp_path_factory.mktemp("bank")
    paths = scratch_paths(folder)
    prepare_folders(paths)
    with opened(paths) as (store, _):
        for number in range(1, FACTS + 1):
            store.submit(_remember(number), None)
        assert store.flush(timeout_s=60)
    shutil.rmtree(paths.indexes)
    return folder


@pytest.fixture
def paths(filled: Path, tmp_path: Path) -> Paths:
    return scratch_paths(Path(shutil.copytree(filled, tmp_path / "bank")))


def test_index_that_is_gone_is_made_again_beside_the_answers_and_says_when_it_is_done(paths: Paths) -> None:
    with opened(paths) as (store, library):
        early = library.status()
        store.submit(_remember(FACTS + 1), None)
        assert store.flush(timeout_s=60)
        wait_until(lambda: not library.status().warnings, what="the index to be complete")
        found = library.find(f"fact{FACTS + 1} module{(FACTS + 1) % 50}", project=None)
        told = library.read(found.matches)[0]
        wait_until(lambda: library.status().lexical_documents == FACTS + 1, what="the new fact in the index")

    assert any("not complete" in warning for warning in early.warnings)
    assert told.text.startswith(f"fact{FACTS + 1} ")


def test_making_goes_on_where_an_early_end_left_it_and_leaves_no_gap(paths: Paths) -> None:
    for number in range(FACTS + 1, FACTS + 4):
        with opened(paths) as (store, _):
            store.submit(_remember(number), None)

    with opened(paths) as (_, library):
        wait_until(lambda: library.status().lexical_documents == FACTS + 3, what="the index to be complete")
        found = [
            library.read(library.find(f"fact{number}", project=None).matches)[0].text.split()[0]
            for number in (1, BATCH, FACTS, FACTS + 1, FACTS + 2, FACTS + 3)
        ]

    numbers = (1, BATCH, FACTS, FACTS + 1, FACTS + 2, FACTS + 3)
    assert found == [f"fact{number}" for number in numbers]


def test_next_start_takes_the_threshold_over_until_the_bank_has_doubled(paths: Paths) -> None:
    file = paths.indexes / "threshold.json"
    with opened(paths) as (store, library):
        wait_until(lambda: library.status().lexical_documents == FACTS, what="the index to be complete")
        bank_id = store.bank_id
    marked = Threshold(value=0.777, basis="marked")

    keep_threshold(file, marked, bank_id=bank_id, experiences=FACTS)
    with opened(paths) as (_, library):
        taken_over = library.status()
    keep_threshold(file, marked, bank_id=bank_id, experiences=FACTS // 2)
    with opened(paths) as (_, library):
        derived = library.status()
    kept = read_threshold(file, bank_id=bank_id)

    assert (taken_over.threshold, taken_over.threshold_basis) == (0.777, "marked")
    assert derived.threshold_basis != "marked"
    assert kept is not None
    assert (kept.threshold.value, kept.experiences) == (derived.threshold, FACTS)
