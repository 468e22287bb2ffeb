"""The comparison that the kill campaign makes after each round notices one wrong document in one index."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.rebuilt import differences
from rbtest.weights import published_weights

from reasoningbank_client import ReasoningBank
from reasoningbank_daemon.index.growing import GrowingIndex
from reasoningbank_daemon.index.lexical import Entry, LexicalIndex
from reasoningbank_daemon.index.snapshot import read_manifest, save_snapshot
from reasoningbank_daemon.services.meanings import SAMPLE

EXPERIENCES = SAMPLE + 40
"""More than the daemon looks at when it opens vectors: what it would mend by itself shows nothing here."""

WORDS = (
    "amber basket copper dragon ember forest garden hammer island jacket kettle ladder magnet needle "
    "orchard pencil quarry ribbon saddle tunnel umbrella velvet window yellow zipper anchor bridge candle "
    "desert engine feather guitar harbor insect jungle kernel lantern mirror napkin oyster pepper quiver "
    "rocket silver ticket urchin valley walnut yonder zephyr acorn butter cactus domino"
)
NEWEST = EXPERIENCES


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    """Leave a daemon that is down, with told experiences in its bank and in its indexes."""
    rng = random.Random(7)
    with scratch_home() as home:
        made = DaemonProcess(home)
        with made, ReasoningBank(made.paths, timeout_s=10) as bank:
            for _ in range(EXPERIENCES):
                bank.remember(" ".join(rng.sample(WORDS.split(), rng.randint(5, 14))))
        yield made
        made.stop_whatever_it_does()


def _differences(daemon: DaemonProcess) -> list[str]:
    with daemon:
        return differences(daemon, questions=20, rng=random.Random(1))


def _with_vectors(daemon: DaemonProcess) -> None:
    """Have every experience embedded, and a snapshot written."""
    published_weights()
    daemon.paths.config_file.write_text('[recall]\nembedder = "minilm"\n', encoding="utf-8")
    with daemon, ReasoningBank(daemon.paths, timeout_s=10) as bank:
        wait_until(
            lambda: bank.status().embedder == "minilm" and bank.status().vector_documents == EXPERIENCES,
            what="all vectors",
            timeout_s=60,
        )


def _change_vector(daemon: DaemonProcess, *, remove: bool) -> None:
    """Damage the vector of a new experience that the daemon does not look at when it starts, in a sound snapshot."""
    sampled = {int(place) + 1 for place in np.linspace(0, EXPERIENCES - 1, SAMPLE)}
    chosen = max(set(range(1, EXPERIENCES + 1)) - sampled)
    (folder,) = (daemon.paths.indexes / "vectors").iterdir()
    (snapshot,) = folder.iterdir()
    manifest = read_manifest(snapshot)
    index = GrowingIndex.load(snapshot, manifest.stamp)
    if remove:
        index.remove([chosen])
    else:
        index.add(
            [chosen], np.full((1, manifest.stamp.dimension), manifest.stamp.dimension**-0.5, np.float32)
        )
    save_snapshot(folder, index, bank_id=manifest.bank_id, reach=manifest.reach)


def test_sound_indexes_differ_in_nothing(daemon: DaemonProcess) -> None:
    _with_vectors(daemon)

    assert _differences(daemon) == []


def test_a_document_missing_in_the_lexical_index_is_noticed(daemon: DaemonProcess) -> None:
    index = LexicalIndex(daemon.paths.indexes / "lexical")
    index.update((), removed=[NEWEST])
    index.commit(sequence=index.sequence)
    index.close()

    found = _differences(daemon)

    assert f"the lexical index holds {EXPERIENCES - 1} of {EXPERIENCES} experiences" in found
    assert len(found) > 1


def test_a_document_with_the_text_of_another_is_noticed(daemon: DaemonProcess) -> None:
    index = LexicalIndex(daemon.paths.indexes / "lexical")
    index.update([Entry(id=NEWEST, text="something else entirely", subject="something else entirely")])
    index.commit(sequence=index.sequence)
    index.close()

    assert _differences(daemon)


def test_a_vector_missing_in_the_snapshot_is_noticed(daemon: DaemonProcess) -> None:
    _with_vectors(daemon)
    _change_vector(daemon, remove=True)

    found = _differences(daemon)

    assert f"the vector index holds {EXPERIENCES - 1} of {EXPERIENCES} experiences" in found


def test_a_vector_of_something_else_is_noticed(daemon: DaemonProcess) -> None:
    _with_vectors(daemon)
    _change_vector(daemon, remove=False)

    assert _differences(daemon)
