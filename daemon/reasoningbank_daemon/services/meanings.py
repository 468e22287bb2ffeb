"""Vectors of the bank's experiences: computed on a thread of their own, kept in the bank, searched by anyone.

The bank notes up to which change its experiences are embedded (`index.snapshot.Reach`), with the vectors and after
them. So work goes on where it stopped, however it stopped; the index in memory and its snapshot hold less than
the bank or the same, never more, and are brought up to it by the same loop.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import structlog

from reasoningbank_daemon.embedding.base import TooLateError, pack, unpack
from reasoningbank_daemon.embedding.pace import Pace
from reasoningbank_daemon.embedding.weights import WeightsError
from reasoningbank_daemon.index.errors import IndexUnusableError
from reasoningbank_daemon.index.growing import GrowingIndex
from reasoningbank_daemon.index.snapshot import Reach, load_snapshot, save_snapshot
from reasoningbank_daemon.index.vector_index import VectorIndex, Vectors
from reasoningbank_daemon.services.embedders import EmbedderChoice
from reasoningbank_daemon.storage.queries.experiences import told_search_text
from reasoningbank_daemon.storage.records import (
    Document,
    Embedded,
    Outcome,
    Record,
    SettingRecord,
    VectorRecord,
)
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.vectors import Stamp

log = structlog.get_logger(__name__)

open_index: Callable[[Stamp], VectorIndex] = GrowingIndex
load_index: Callable[[Path, Stamp], VectorIndex] = GrowingIndex.load
"""The index in use: an empty one, and one out of a snapshot's folder."""

OWNER = "experience"
BATCH = 32
"""Experiences that are embedded, stored and indexed together: what a kill costs at most."""

SAVE_EVERY = 2_000
"""Changes after which a snapshot is written while the daemon runs; a tenth of the index where that is more."""

SAMPLE = 64
RETRY_S = 5.0
STORE_TIMEOUT_S = 30.0
NICENESS = 5
_FIRST_TEXT = "what a token takes on this machine " * 40


class NotStoredError(Exception):
    """The bank did not take vectors now; the message says why."""


class MeaningStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Report the vectors: ``done`` of ``done + waiting`` experiences have one; ``trouble`` says why none serves."""

    done: int
    waiting: int
    ready: bool
    trouble: str = ""
    next_step: str = ""


class Meanings:
    """Hold one embedder, its index, and the thread that keeps the index up with the bank.

    ``ready`` from the moment at which every experience has been embedded once; `search` and `embed` are for any
    thread from then on.
    """

    def __init__(
        self,
        store: SqliteStore,
        choice: EmbedderChoice,
        *,
        folder: Path,
        on_ready: Callable[[Meanings], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self.choice = choice
        self._folder = folder / _slug(choice.stamp)
        self._on_ready = on_ready
        self._monotonic = monotonic
        self._pace = Pace()
        self._index = open_index(choice.stamp)
        self._wake = threading.Condition()
        self._closed = False
        self._noted = 0
        self._seen = 0
        self._retired: deque[int] = deque()
        self._waiting = 0
        self._trouble: WeightsError | None = None
        self._reach_name = reach_name(choice.stamp)
        self._bank_reach = Reach()
        self._reach = Reach()
        self._unsaved = 0
        self._opened = False
        self.ready = False
        self._thread = threading.Thread(target=self._run, name="meanings", daemon=True)

    def start(self, *, sequence: int) -> None:
        """Begin with what the bank holds up to a sequence."""
        self._noted = sequence
        self._thread.start()

    def follow(self, sequence: int, *, changed: int, retired: Sequence[int]) -> None:
        """Hear that the bank has changed up to a sequence, and in how many experiences; returns at once."""
        with self._wake:
            self._noted = max(self._noted, sequence)
            self._waiting += changed
            self._retired.extend(retired)
            self._wake.notify()

    def embed(self, text: str, *, budget_s: float) -> Vectors:
        """Return a question's vector; `TooLateError` when it would not be there within the budget.

        Of a long question as much is read as there is time for, by what a token took of late.
        """
        began_s = self._monotonic()
        tokens = self._pace.tokens_within(budget_s)
        try:
            vectors = self._embedder.embed(
                (text,), max_tokens=tokens, late=lambda: self._monotonic() >= began_s + budget_s
            )
        finally:
            self._pace.took(self._monotonic() - began_s, text=text, tokens=tokens)
        found: Vectors = vectors[0]
        return found

    def search(self, vector: Vectors, limit: int) -> dict[int, float]:
        """Return the nearest experiences with their cosine, nearest first."""
        return {near.id: near.similarity for near in self._index.search(vector, limit)}

    def similarities(self, vector: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of those of some experiences that have a vector."""
        return {near.id: near.similarity for near in self._index.search(vector, len(ids), among=ids)}

    def vectors_of(self, ids: Sequence[int]) -> dict[int, Vectors]:
        """Return the vectors that the bank holds of some experiences; a damaged one is as none."""
        size = 2 * self.choice.stamp.dimension
        kept = self._store.vectors_of(self.choice.stamp, OWNER, ids)
        whole = {name: blob for name, blob in kept.items() if len(blob) == size}
        if not whole:
            return {}
        rows = unpack([*whole.values()]).astype(np.float32)
        return {
            name: row for name, row in zip(whole, rows, strict=True) if np.isfinite(row).all() and row.any()
        }

    def status(self) -> MeaningStatus:
        """Report how far it is."""
        trouble = self._trouble
        return MeaningStatus(
            done=self._index.count,
            waiting=self._waiting,
            ready=self.ready,
            trouble=str(trouble) if trouble else "",
            next_step=trouble.next_step if trouble else "",
        )

    def close(self) -> None:
        """End the thread after the batch under way, and keep what it has as a snapshot; the bank must be open."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        if sys.platform == "linux":
            # This thread alone: what was asked for goes before what can wait.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        try:
            self._embedder = self.choice.open()
            self.embed(_FIRST_TEXT, budget_s=math.inf)
        except WeightsError as error:
            log.error("embedder_unusable", reason=str(error), next_step=error.next_step)  # noqa: TRY400  the message is the finding
            self._trouble = error
            return
        except Exception as error:
            log.exception("embedder_unusable")
            self._trouble = WeightsError(f"a defect: {error!r}", next_step="reasoningbank logs")
            return
        while not self._opened and self._guarded(self._open):
            pass
        while self._guarded(self._take_in):
            self._save(least=max(SAVE_EVERY, self._index.count // 10))
        self._save(least=1)

    def _open(self) -> bool:
        """Take the snapshot if there is no doubt about it, else begin with nothing."""
        noted = self._store.setting(self._reach_name)
        self._bank_reach = msgspec.json.decode(noted, type=Reach) if noted else Reach()
        self._waiting = self._store.count_changed(_place(Reach()), self._noted)
        try:
            found = load_snapshot(
                self._folder,
                load_index,
                stamp=self.choice.stamp,
                bank_id=self._store.bank_id,
                reach=self._bank_reach,
            )
            if found is not None:
                self._demand_agreement(*found)
                self._index, self._reach = found
        except IndexUnusableError as error:
            log.warning("vectors_indexed_again", reason=str(error))
            shutil.rmtree(self._folder, ignore_errors=True)
        self._index.remove(self._store.retired_since(self._reach.sequence))
        self._waiting = self._store.count_changed(_place(self._reach), self._noted)
        self._opened = True
        return True

    def _demand_agreement(self, index: VectorIndex, reach: Reach) -> None:
        """Compare some vectors with the bank's: one that was put back from a backup has others under the same ids."""
        ids = index.ids()
        sample = ids[np.unique(np.linspace(0, len(ids) - 1, min(SAMPLE, len(ids))).astype(int))].tolist()
        stored = self._store.experiences(sample)
        unchanged = [name for name in stored if stored[name].document.sequence <= reach.sequence]
        kept = self.vectors_of(unchanged)
        for name in unchanged:
            near = index.search(kept[name], 1, among=(name,)) if name in kept else []
            if not near or near[0].similarity < 0.999:
                raise IndexUnusableError(f"the vector of experience {name} is not the bank's")

    def _guarded(self, work: Callable[[], bool]) -> bool:
        """Do some work and, when there was none, wait for more; False at the end."""
        try:
            worked = work()
        except TooLateError:
            return False
        except NotStoredError as error:
            log.warning("vectors_not_stored", reason=str(error), retry_s=RETRY_S)
            return self._wait(RETRY_S, beyond=None)
        except Exception:
            # A defect, or a bank that can't be read now: words serve meanwhile, and the log has what is needed.
            log.exception("embedding_failed", retry_s=RETRY_S)
            return self._wait(RETRY_S, beyond=None)
        if worked:
            return not self._closed
        if not self.ready:
            self.ready = True
            log.info("vectors_ready", vectors=self._index.count, model=self.choice.stamp.model)
            self._on_ready(self)
            self._remove_former()
        return self._wait(None, beyond=self._seen)

    def _remove_former(self) -> None:
        """Remove the snapshots of embedders that ranked before: the one in force has ended them, nobody reads them."""
        if self._closed:
            return
        for folder in self._folder.parent.glob("*"):
            if folder != self._folder:
                shutil.rmtree(folder, ignore_errors=True)
                log.info("former_vectors_removed", folder=str(folder))

    def _wait(self, timeout_s: float | None, *, beyond: int | None) -> bool:
        with self._wake:
            self._wake.wait_for(
                lambda: (
                    self._closed or (beyond is not None and (self._noted > beyond or bool(self._retired)))
                ),
                timeout_s,
            )
            return not self._closed

    def _take_in(self) -> bool:
        """Bring the index on by one batch; False when it was up to what is noted."""
        with self._wake:
            self._seen = self._noted
            retired = [self._retired.popleft() for _ in range(len(self._retired))]
        if retired:
            self._index.remove(retired)
            self._unsaved += len(retired)
        batch = self._store.changed_between(_place(self._reach), self._seen, limit=BATCH)
        if not batch:
            self._waiting = 0
            return False
        reach = Reach(sequence=batch[-1].sequence, id=batch[-1].id)
        known = self.vectors_of([document.id for document in batch]) if reach <= self._bank_reach else {}
        missing = [document for document in batch if document.id not in known]
        if missing:
            rows = self._embedder.embed(
                [_embedded_text(found) for found in missing], late=lambda: self._closed
            )
            packed = {document.id: pack(row) for document, row in zip(missing, rows, strict=True)}
            self._keep(packed)
            # As the bank has them: what is searched now answers as what is read back after a restart.
            known |= dict(zip(packed, unpack([*packed.values()]).astype(np.float32), strict=True))
        if reach > self._bank_reach:
            self._store_record(
                SettingRecord(name=self._reach_name, value=msgspec.json.encode(reach).decode())
            )
            self._bank_reach = reach
        self._index.add([*known], np.stack([*known.values()]))
        self._reach = reach
        self._unsaved += len(batch)
        self._waiting = max(0, self._waiting - len(batch))
        return True

    def _keep(self, packed: dict[int, bytes]) -> None:
        embedded = tuple(Embedded(owner_id=name, vector=vector) for name, vector in packed.items())
        self._store_record(VectorRecord(stamp=self.choice.stamp, owner=OWNER, vectors=embedded))

    def _store_record(self, record: Record) -> None:
        """Return when a record is on disk; `NotStoredError` otherwise."""
        outcomes: list[Outcome] = []
        done = threading.Event()

        def hear(outcome: Outcome) -> None:
            outcomes.append(outcome)
            done.set()

        self._store.submit(record, hear)
        if not done.wait(STORE_TIMEOUT_S):
            raise NotStoredError(f"no answer of the writer in {STORE_TIMEOUT_S:g} s")
        if outcomes[0].stored is not Stored.STORED:
            raise NotStoredError(outcomes[0].reason)

    def _save(self, *, least: int) -> None:
        if self._unsaved < least:
            return
        try:
            save_snapshot(self._folder, self._index, bank_id=self._store.bank_id, reach=self._reach)
        except OSError as error:
            log.warning("snapshot_not_written", reason=str(error), effect="the next start takes longer")
        self._unsaved = 0


def _embedded_text(document: Document) -> str:
    """Return what an experience is about, as a question would put it: its task's goal, or what was told."""
    return document.goal or told_search_text(document.title, document.text)


def reach_name(stamp: Stamp) -> str:
    """Return the setting under which the bank notes up to which change its experiences are embedded."""
    return f"embedded {stamp.model} {stamp.version}"


def _slug(stamp: Stamp) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", f"{stamp.model}-{stamp.version}")


def _place(reach: Reach) -> tuple[int, int]:
    return reach.sequence, reach.id
