"""Kill the daemon while it embeds what is on record; it goes on where it was, and every vector is the text's own."""

from __future__ import annotations

import apsw
import numpy as np
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.weights import published_weights

from reasoningbank_client import ReasoningBank
from reasoningbank_daemon.embedding.base import unpack
from reasoningbank_daemon.embedding.minilm import MiniLmEmbedder
from reasoningbank_schema.messages import DaemonStatus
from reasoningbank_schema.paths import Paths

EXPERIENCES = 300


def _status(paths: Paths) -> DaemonStatus:
    with ReasoningBank(paths, timeout_s=10) as bank:
        return bank.status()


def _vectors(paths: Paths) -> dict[int, bytes]:
    db = apsw.Connection(str(paths.bank), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return dict(db.execute("SELECT owner_id, blob FROM vector"))
    finally:
        db.close()


def test_embedding_goes_on_after_each_of_several_kills() -> None:
    weights = published_weights()
    texts = [
        f"lesson number {number}: the {number}th part is built before the next"
        for number in range(EXPERIENCES)
    ]
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        with daemon, ReasoningBank(daemon.paths, timeout_s=10) as bank:
            for text in texts:
                bank.remember(text)
        (home / "config.toml").write_text('[recall]\nembedder = "minilm"\n', encoding="utf-8")

        seen: list[int] = []
        for least in (1, EXPERIENCES // 3, 2 * EXPERIENCES // 3):
            daemon.start()
            wait_until(lambda least=least: len(_vectors(daemon.paths)) >= least, what=f"{least} vectors")  # type: ignore[misc]  # bound early
            daemon.kill()
            seen.append(len(_vectors(daemon.paths)))
        with daemon:
            wait_until(
                lambda: (
                    _status(daemon.paths).embedder == "minilm"
                    and _status(daemon.paths).vector_documents == EXPERIENCES
                ),
                what="the last vector",
                timeout_s=60,
            )
        kept = _vectors(daemon.paths)

    expected = MiniLmEmbedder(weights).embed(texts)
    assert seen[0] < EXPERIENCES
    assert seen == sorted(seen)
    assert sorted(kept) == list(range(1, EXPERIENCES + 1))
    assert (
        np.abs(unpack([kept[number] for number in sorted(kept)]).astype(np.float32) - expected).max() < 1e-3
    )
