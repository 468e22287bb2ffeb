"""The bank in SQLite: one writer thread, and one reading connection per thread that asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import apsw

from reasoningbank_daemon.learning.tally import Tally, TallyKey
from reasoningbank_daemon.storage import sqlite
from reasoningbank_daemon.storage.base import Done
from reasoningbank_daemon.storage.opening import open_bank
from reasoningbank_daemon.storage.queries import counting, experiences, tallies, tasks, upkeep
from reasoningbank_daemon.storage.recording.recorder import Recorder
from reasoningbank_daemon.storage.records import Document, Effects, Record, Stamp
from reasoningbank_daemon.storage.rules import Rules
from reasoningbank_daemon.storage.scrubbing import Scrubber
from reasoningbank_daemon.storage.watermark import Watermark, write_watermark
from reasoningbank_daemon.storage.writer import QUEUE_LIMIT, Writer
from reasoningbank_schema.paths import Paths
from reasoningbank_schema.redaction import redact

PROJECTS_KEPT = 4_096


def _without_secrets(text: str) -> str:
    return redact(text).text


class SqliteStore:
    """Keep the bank: one writer, and readers on any thread.

    Records are applied in the order of `submit`. A record is stored whole or not at all, and ``STORED`` is said only
    after the disk has it; records that are stored in one transaction appear together. A reader sees the bank as it
    was after some record, never in the middle of one.

    ``warnings`` says what a person should hear about how the bank was found.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        rules: Rules,
        project_key: Callable[[str], str],
        on_commit: Callable[[Effects], None],
        now_ns: Callable[[], int] = time.time_ns,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        opened = open_bank(paths, now_ns=now_ns())
        self._paths = paths
        self._rules = rules
        self._bank_id = opened.bank_id
        self._now_ns = now_ns
        self._local = threading.local()
        self._readers: list[apsw.Connection] = []
        self._readers_lock = threading.Lock()
        self._projects: dict[str, int] = {}
        self.warnings = opened.warnings
        self._names = Scrubber(_without_secrets)
        recorder = Recorder(opened.db, rules=rules, redact=_without_secrets, project_key=project_key)
        if opened.warnings:
            # Said once, with a copy of the files: the next start compares with what is there now.
            self._note(recorder.sequence)
        self._writer = Writer(
            opened.db, recorder, note=self._note, on_commit=on_commit, queue_limit=queue_limit
        )

    # Writing.

    def submit(self, record: Record, on_done: Done | None) -> None:
        """Hand a record to the writer from any thread, without waiting.

        ``on_done`` is called once: ``STORED`` with a receipt, ``REFUSED`` for what can never be stored,
        ``NOT_STORED`` when the queue or the disk is full or the store is closing (send it again later). A nonce
        that was stored before gets the receipt it got then, marked as a copy.
        """
        self._writer.submit(record, on_done)

    def gather(self, wanted: bool) -> None:  # noqa: FBT001  a switch, and the only argument
        """Let records wait some milliseconds for others to share a transaction with, or no more; from any thread.

        For as long as several threads compute what somebody waits for: each transaction takes the interpreter from
        them, and eight requests that are stored together take it once.
        """
        self._writer.gather(wanted)

    def flush(self, *, timeout_s: float) -> bool:
        """Wait until all that was submitted before is stored or refused and its effects are passed on; False if late."""
        return self._writer.flush(timeout_s=timeout_s)

    def close(self, *, timeout_s: float = 30.0) -> bool:
        """Store what waits, then close; later submissions are ``NOT_STORED``. False if it took too long.

        Readers of other threads must be done.
        """
        ended = self._writer.close(timeout_s=timeout_s)
        with self._readers_lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
        return ended

    @property
    def bank_id(self) -> str:
        """What tells this bank from every other."""
        return self._bank_id

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored at the moment; None if all is well."""
        return self._writer.trouble

    def waiting(self) -> int:
        """Return how many records wait for the writer, nearly."""
        return self._writer.waiting()

    def _note(self, sequence: int) -> None:
        mark = Watermark(bank_id=self._bank_id, sequence=sequence, at_ns=self._now_ns())
        write_watermark(self._paths.watermark, mark)

    # Reading.

    def reader(self) -> apsw.Connection:
        """Return this thread's reading connection; keep no transaction on it longer than a request."""
        found: apsw.Connection | None = getattr(self._local, "reader", None)
        if found is None:
            found = sqlite.open_reader(self._paths.bank)
            self._local.reader = found
            with self._readers_lock:
                self._readers.append(found)
        return found

    def counts(self) -> counting.Counts:
        """Count what the bank holds."""
        return counting.read_counts(self.reader())

    def project_id(self, key: str) -> int | None:
        """Return the id of a project by its key (`services.projects.project_key`); once known it stays."""
        known = self._projects.get(key)
        if known is None:
            known = upkeep.project_id(self.reader(), self._names.identity(key))
            if known is not None and len(self._projects) < PROJECTS_KEPT:
                self._projects[key] = known
        return known

    def setting(self, name: str) -> str | None:
        """Return one of the bank's own settings."""
        return upkeep.setting(self.reader(), name)

    def open_task_id(self, host: str, session_key: str) -> int | None:
        """Return the id of a session's open main task."""
        return tasks.open_task_id(self.reader(), host, self._names.identity(session_key))

    def session_model(self, host: str, session_key: str) -> str | None:
        """Return the model that a session runs on, as far as is known."""
        return tasks.session_model(self.reader(), host, self._names.identity(session_key))

    def tallies(self) -> Iterator[tuple[TallyKey, Tally]]:
        """Yield the sums over all judged tasks by project, kind and model."""
        return tallies.read_tallies(self.reader())

    def tasks_with_commits(self, *, since_ns: int) -> tuple[tasks.CommittedTask, ...]:
        """Return main tasks closed since a time that committed something."""
        return tasks.tasks_with_commits(self.reader(), since_ns=since_ns)

    def task(self, task_id: int) -> tasks.TaskDetail | None:
        """Return one task in full."""
        return tasks.read_task(self.reader(), task_id)

    def documents(self, *, since_sequence: int = 0) -> Iterator[Document]:
        """Yield each experience in force that changed after a sequence, in the order of change."""
        return experiences.iterate_documents(
            self.reader(), self._rules.document, since_sequence=since_sequence
        )

    def sample_goals(self, *, limit: int) -> tuple[tuple[int, int, str], ...]:
        """Return experience, project and goal of up to so many tasks that told something, spread over the whole bank."""
        return experiences.sample_goals(self.reader(), limit)

    def changed_since(self, sequence: int) -> int:
        """Count the experiences that changed after a sequence."""
        return experiences.changed_since(self.reader(), sequence)

    def retired_since(self, sequence: int) -> tuple[int, ...]:
        """Return the experiences that were retired after a sequence."""
        return experiences.retired_since(self.reader(), sequence)

    def experience_heads(self, ids: Sequence[int]) -> tuple[experiences.ExperienceHead, ...]:
        """Return what ranking needs of the experiences in force among a handful of ids, with their judged tasks."""
        return experiences.read_heads(self.reader(), ids)

    def experience_texts(self, ids: Sequence[int]) -> dict[int, str]:
        """Return the texts of the experiences in force among a handful of ids."""
        return experiences.read_texts(self.reader(), ids)

    def experiences(self, ids: Sequence[int]) -> dict[int, experiences.StoredExperience]:
        """Return the experiences in force among some ids."""
        return experiences.read_experiences(self.reader(), ids)

    def changed_between(
        self, after: tuple[int, int], until_sequence: int, *, limit: int
    ) -> tuple[Document, ...]:
        """Return experiences in force whose last change, (sequence, id), lies after one and not beyond another."""
        return experiences.changed_between(self.reader(), after, until_sequence, limit=limit)

    def count_changed(self, after: tuple[int, int], until_sequence: int) -> int:
        """Return how many experiences `changed_between` would return without a limit."""
        return experiences.count_changed(self.reader(), after, until_sequence)

    def projects_of(self, ids: Sequence[int]) -> dict[int, int]:
        """Return the project of each experience among some ids."""
        return experiences.read_projects(self.reader(), ids)

    def vectors_of(self, stamp: Stamp, owner: str, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the vectors of some owners under one stamp."""
        return experiences.read_vectors(self.reader(), stamp, owner, ids)

    def transcripts_to_read(self) -> tuple[upkeep.Transcript, ...]:
        """Return the transcripts that may have grown since they were read last."""
        return upkeep.transcripts_to_read(self.reader())

    def transcript_offset(self, path: str) -> int:
        """Return how far a transcript has been read, in bytes."""
        return upkeep.transcript_offset(self.reader(), path)
