"""The one thread that writes: takes what waits, stores it in one transaction, says so after COMMIT."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

import apsw
import msgspec
import structlog

from reasoningbank_daemon.storage.base import Done
from reasoningbank_daemon.storage.recording.recorder import Recorder
from reasoningbank_daemon.storage.recording.state import RecordError
from reasoningbank_daemon.storage.records import Effects, Outcome, Record, RejectedRecord
from reasoningbank_daemon.storage.sqlite import transaction
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.messages import Receipt

log = structlog.get_logger(__name__)

QUEUE_LIMIT = 20_000
"""Records that may wait; beyond it a record is refused at once, and its sender keeps it."""

GROUP_LIMIT = 256
GROUP_S = 0.016
"""A transaction takes what waits, for so long at most: the first one in it is waiting for its answer."""

GATHER_S = 0.01
"""How long the first record of a group waits for others while `Writer.gather` is on."""

NOTE_EVERY_S = 1.0
CHECKPOINT_PAGES = 4_000
"""Pages in the WAL from which on the writer copies them into the database even when it is busy."""

CHECKPOINT_PAGES_IDLE = 500
SAMPLE_BYTES = 2_048

_NOT_THE_RECORDS_FAULT = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.PermissionsError,
    apsw.ProtocolError,
)


class _Item(msgspec.Struct, frozen=True):
    record: Record
    on_done: Done | None


class Writer:
    """Own the writing connection and its thread; `submit` may be called from any thread.

    ``note`` hears the last acknowledged sequence, at most once a second and at the end. ``on_commit`` hears what
    each transaction changed, on the writer's thread.
    """

    def __init__(
        self,
        db: apsw.Connection,
        recorder: Recorder,
        *,
        note: Callable[[int], None],
        on_commit: Callable[[Effects], None],
        queue_limit: int = QUEUE_LIMIT,
        gather_s: float = GATHER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._recorder = recorder
        self._note = note
        self._on_commit = on_commit
        self._queue_limit = queue_limit
        self._gather_s = gather_s
        self._monotonic = monotonic
        self._queue: queue.SimpleQueue[_Item | threading.Event | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closing = False
        self._wal_pages = 0
        self._noted = recorder.sequence
        self._noted_s = monotonic()
        self._marks: list[threading.Event] = []
        self._at_once = threading.Event()
        self._at_once.set()
        self.trouble: str | None = None
        """Why the last transaction failed; None since one has succeeded."""
        db.set_wal_hook(self._count_pages)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, record: Record, on_done: Done | None) -> None:
        """Queue a record; see `Store.submit`."""
        with self._lock:
            refused = (
                "the store is closing"
                if self._closing
                else f"{self._queue_limit} records wait already"
                if self._queue.qsize() >= self._queue_limit
                else None
            )
            if refused is None:
                self._queue.put(_Item(record, on_done))
        if refused is not None:
            _answer(on_done, Outcome(stored=Stored.NOT_STORED, reason=refused))

    def gather(self, wanted: bool) -> None:  # noqa: FBT001  a switch, and the only argument
        """Store in larger groups, or at once again; see `Store.gather`."""
        if wanted:
            self._at_once.clear()
        else:
            self._at_once.set()

    def waiting(self) -> int:
        """Return how many records wait, nearly."""
        return self._queue.qsize()

    def flush(self, *, timeout_s: float) -> bool:
        """Wait until what was submitted before has been answered, and its effects passed on."""
        done = threading.Event()
        with self._lock:
            if self._closing:
                return not self._thread.is_alive()
            self._queue.put(done)
        return done.wait(timeout_s)

    def close(self, *, timeout_s: float) -> bool:
        """Store what waits and end the thread; the connection is closed by it."""
        with self._lock:
            if not self._closing:
                self._closing = True
                self._queue.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        open_ = True
        while open_:
            try:
                first = self._queue.get(timeout=self._patience_s())
            except queue.Empty:
                self._idle()
                continue
            self._at_once.wait(self._gather_s)
            open_ = self._turn(first)
        self._keep_note(force=True)
        self._shut()

    def _turn(self, first: _Item | threading.Event | None) -> bool:
        """Handle one group that begins with an item; return False at the end of all."""
        self._marks = []
        taken: list[_Item] = []
        ended = not self._admit(first, taken)
        if taken:
            ended = self._store(taken) or ended
        for mark in self._marks:
            mark.set()
        self._keep_note(force=False)
        if self._wal_pages >= CHECKPOINT_PAGES:
            self._checkpoint()
        return not ended

    def _admit(self, item: _Item | threading.Event | None, taken: list[_Item]) -> bool:
        """Sort what came out of the queue; return False for the end."""
        if item is None:
            return False
        if isinstance(item, threading.Event):
            self._marks.append(item)
        else:
            taken.append(item)
        return True

    def _store(self, taken: list[_Item]) -> bool:
        """Store a group that begins with ``taken`` and grows by what waits; return True if the end came."""
        receipts: list[Receipt] = []
        ended = False
        try:
            with transaction(self._db):
                limit_s = self._monotonic() + GROUP_S
                receipts.append(self._recorder.apply(taken[0].record))
                while len(taken) < GROUP_LIMIT and self._monotonic() < limit_s:
                    try:
                        item = self._queue.get_nowait()
                    except queue.Empty:
                        break
                    before = len(taken)
                    if not self._admit(item, taken):
                        ended = True
                        break
                    if len(taken) > before:
                        receipts.append(self._recorder.apply(taken[-1].record))
                self._recorder.settle()
        except _NOT_THE_RECORDS_FAULT as error:
            self._give_up(taken, error)
            return ended
        except Exception as error:  # noqa: BLE001  whatever it was, one record caused it: find out which
            self._recorder.forget()
            self._store_singly(taken, error)
            return ended
        if self.trouble is not None:
            log.info("stored_again", after=self.trouble)
            self.trouble = None
        self._acknowledge(taken, receipts)
        return ended

    def _store_singly(self, items: Sequence[_Item], error: Exception) -> None:
        """Store each record of a failed group in its own transaction, so that only the bad one is refused."""
        if len(items) > 1:
            log.info("group_split", records=len(items), reason=str(error))
        for item in items:
            try:
                with transaction(self._db):
                    receipt = self._recorder.apply(item.record)
                    self._recorder.settle()
            except _NOT_THE_RECORDS_FAULT as trouble:
                self._give_up([item], trouble)
            except RecordError as refusal:
                self._recorder.forget()
                _answer(item.on_done, Outcome(stored=Stored.REFUSED, reason=str(refusal)))
            except Exception as defect:
                self._recorder.forget()
                log.exception("record_defect", kind=type(item.record).__name__)
                self._keep_sample(item.record, defect)
                _answer(item.on_done, Outcome(stored=Stored.REFUSED, reason=f"a defect: {defect}"))
            else:
                self._acknowledge([item], [receipt])

    def _keep_sample(self, record: Record, defect: Exception) -> None:
        """Keep the beginning of a record that our own code failed on, for whoever looks into it."""
        sample = RejectedRecord(
            nonce=getattr(record, "nonce", b""),
            at_ns=getattr(record, "at_ns", 0),
            host="",
            event=type(record).__name__,
            reason=f"{type(defect).__name__}: {defect}",
            sample=repr(record).encode("utf-8", "backslashreplace")[:SAMPLE_BYTES],
        )
        try:
            with transaction(self._db):
                self._recorder.apply(sample)
                self._recorder.settle()
        except (apsw.Error, RecordError) as error:
            self._recorder.forget()
            log.error("sample_not_kept", reason=str(error))  # noqa: TRY400  the defect has been logged whole
        else:
            self._recorder.take_effects()

    def _acknowledge(self, items: Sequence[_Item], receipts: Sequence[Receipt]) -> None:
        effects = self._recorder.take_effects()
        for item, receipt in zip(items, receipts, strict=True):
            _answer(item.on_done, Outcome(stored=Stored.STORED, receipt=receipt))
        try:
            self._on_commit(effects)
        except Exception:
            # The bank is right; what is derived from it will be rebuilt at the next start.
            log.exception("effects_not_applied", sequence=effects.sequence)

    def _give_up(self, items: Sequence[_Item], error: apsw.Error) -> None:
        """Say that a group is not stored for a reason outside it: full disk, I/O error, damaged file."""
        self._recorder.forget_safely()
        reason = explain(error)
        if reason != self.trouble:
            # Once, not for each group: a full disk is no place for a log.
            log.error("nothing_can_be_stored", records=len(items), reason=reason)
        self.trouble = reason
        for item in items:
            _answer(item.on_done, Outcome(stored=Stored.NOT_STORED, reason=reason))

    def _patience_s(self) -> float | None:
        """Return how long to wait for a record before there is something else to do."""
        if self._noted != self._recorder.sequence:
            return max(0.0, self._noted_s + NOTE_EVERY_S - self._monotonic())
        return 0.2 if self._wal_pages >= CHECKPOINT_PAGES_IDLE else None

    def _idle(self) -> None:
        self._keep_note(force=False)
        if self._wal_pages >= CHECKPOINT_PAGES_IDLE:
            self._checkpoint()

    def _keep_note(self, *, force: bool) -> None:
        now_s = self._monotonic()
        if self._noted == self._recorder.sequence or (not force and now_s < self._noted_s + NOTE_EVERY_S):
            return
        self._noted_s = now_s
        try:
            self._note(self._recorder.sequence)
        except OSError as error:
            log.error("watermark_not_written", reason=str(error))  # noqa: TRY400  the message is the finding
        else:
            self._noted = self._recorder.sequence

    def _count_pages(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Copy the WAL into the database as far as readers allow; nobody waits for it but this thread."""
        try:
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:
            log.warning("checkpoint_failed", reason=explain(error))
        self._wal_pages = 0

    def _shut(self) -> None:
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, _Item):
                _answer(item.on_done, Outcome(stored=Stored.NOT_STORED, reason="the store is closing"))
            elif item is not None:
                item.set()
        try:
            self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error as error:
            log.warning("checkpoint_failed", reason=explain(error))
        try:
            self._db.close()
        except apsw.Error as error:
            log.warning("close_failed", reason=explain(error))


def explain(error: apsw.Error) -> str:
    """Say in words what an error of the database means and what to do."""
    if isinstance(error, apsw.FullError):
        return "the disk is full: make room; nothing that was acknowledged is lost"
    if isinstance(error, apsw.ReadOnlyError | apsw.PermissionsError):
        return f"the bank can't be written ({error}): check the permissions of the data folder"
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return f"the bank is damaged ({error}): run: reasoningbank down && reasoningbank doctor --deep"
    if isinstance(error, apsw.IOError):
        return f"the disk reports an error ({error}): check it, then run: reasoningbank doctor --deep"
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return f"another program holds a lock on the bank ({error}): close it"
    return f"the database reports: {error}"


def _answer(on_done: Done | None, outcome: Outcome) -> None:
    if on_done is None:
        if outcome.stored is not Stored.STORED:
            log.warning("record_not_stored", reason=outcome.reason)
        return
    try:
        on_done(outcome)
    except Exception:
        log.exception("answer_failed")
