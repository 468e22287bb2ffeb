"""The bank's experiences as something to search: one index, kept up with what is committed."""

from __future__ import annotations

import functools
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

import msgspec
import structlog

from reasoningbank_daemon.index.analysis import Profile, likeness, profile
from reasoningbank_daemon.index.lexical import Entry, IndexUnusableError, LexicalIndex
from reasoningbank_daemon.index.threshold import Goal, Threshold, derive_threshold
from reasoningbank_daemon.storage.records import Document, Effects
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_schema.advice import Experience
from reasoningbank_schema.paths import Paths

log = structlog.get_logger(__name__)

CANDIDATES = 12
"""Documents that the index hands on; their likeness to the question is then computed exactly."""

BATCH = 2000
THRESHOLD_SAMPLE = 1000
EMBEDDER = "lexical"


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one experience found, and how like its goal is to the question (0 to 1)."""

    document: Document
    outcome: str
    likeness: float
    same_project: bool

    def experience(self, *, max_chars: int = 1500) -> Experience:
        """Return it as messages carry it."""
        document = self.document
        return Experience(
            id=document.id,
            text=document.text[:max_chars],
            likeness=self.likeness,
            same_project=self.same_project,
            outcome=self.outcome,
        )


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a question found, best first: this project's before the others'."""

    matches: tuple[Match, ...]
    threshold: float
    threshold_basis: str
    embedder: str = EMBEDDER

    def injectable(self, max_chars: int) -> Experience | None:
        """Return the one experience that is like enough to be told, None when none is."""
        for match in self.matches:
            if match.likeness >= self.threshold:
                return match.experience(max_chars=max_chars)
        return None

    def experiences(self) -> tuple[Experience, ...]:
        """Return every match as messages carry it."""
        return tuple(match.experience() for match in self.matches)


class LibraryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Report the indexes."""

    embedder: str
    lexical_documents: int
    vector_documents: int
    threshold: float
    threshold_basis: str
    warnings: tuple[str, ...]


class Library:
    """Search experiences from any thread; follow the bank on a thread of its own."""

    def __init__(self, paths: Paths, *, on_tasks: Callable[[Effects], None]) -> None:
        self._folder = paths.indexes / "lexical"
        self._on_tasks = on_tasks
        self._pending: deque[Effects] = deque()
        self._newest: dict[int, Document] = {}
        self._wake = threading.Condition()
        self._closed = False
        self._threshold = Threshold(value=1.0, basis="the index is not open yet")
        self._warnings: tuple[str, ...] = ()
        self._thread = threading.Thread(target=self._follow, name="library", daemon=True)

    def open(self, store: SqliteStore) -> None:
        """Open the index, bring it up to the bank, or make it again when there is any doubt about it."""
        self._store = store
        sequence = store.counts().sequence
        try:
            self._index = LexicalIndex(self._folder)
            self._index.demand_not_beyond(sequence)
        except IndexUnusableError as error:
            log.warning("index_rebuilt", reason=str(error))
            self._warnings = (f"the lexical index was made again: {error}",)
            shutil.rmtree(self._folder, ignore_errors=True)
            self._index = LexicalIndex(self._folder)
        since = self._index.sequence
        self._index.update((), removed=store.retired_since(since) if since else ())
        documents = iter(store.documents(since_sequence=since))
        changed = False
        while batch := list(islice(documents, BATCH)):
            self._index.update(map(_entry, batch))
            changed = True
        if changed or since < sequence:
            self._index.commit(sequence=sequence)
        self._derive()
        self._thread.start()

    def follow(self, effects: Effects) -> None:
        """Take in what a group of records changed; called by the writer after COMMIT, returns at once."""
        # The index needs some 20 ms to take them in; until then they are looked at one by one.
        self._newest = {**self._newest, **{document.id: document for document in effects.experiences}}
        with self._wake:
            self._pending.append(effects)
            self._wake.notify()

    def find(self, text: str, *, project: int | None, limit: int = CANDIDATES) -> Found:
        """Return experiences like a text, this project's first, each with its exact likeness."""
        hits = self._index.search(text, max(CANDIDATES, limit))
        asked = profile(text)
        known = self._store.experiences([*self._newest, *(hit.id for hit in hits)])
        matches = [
            Match(
                document=found.document,
                outcome=found.kind,
                likeness=_likeness(asked, found.document),
                same_project=project is not None and found.document.project_id == project,
            )
            for found in known.values()
        ]
        matches.sort(key=lambda match: (not match.same_project, -match.likeness, match.document.id))
        return Found(
            matches=tuple(matches[:limit]),
            threshold=self._threshold.value,
            threshold_basis=self._threshold.basis,
        )

    def status(self) -> LibraryStatus:
        """Report how much can be found, by what, and from which likeness on."""
        return LibraryStatus(
            embedder=EMBEDDER,
            lexical_documents=self._index.count,
            vector_documents=0,
            threshold=self._threshold.value,
            threshold_basis=self._threshold.basis,
            warnings=self._warnings,
        )

    def close(self) -> None:
        """Take in what waits and close the index."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join()
            self._index.close()

    def _follow(self) -> None:
        while True:
            with self._wake:
                while not self._pending and not self._closed:
                    self._wake.wait()
                taken = list(self._pending)
                self._pending.clear()
            if not taken:
                return
            try:
                self._take_in(taken)
            except Exception:
                log.exception("index_update_failed", effect="new experiences are found after a restart")

    def _take_in(self, taken: list[Effects]) -> None:
        for effects in taken:
            self._on_tasks(effects)
        documents = {document.id: document for effects in taken for document in effects.experiences}
        retired = [identifier for effects in taken for identifier in effects.retired]
        if documents or retired:
            self._index.update(map(_entry, documents.values()), removed=retired)
            self._index.commit(sequence=taken[-1].sequence)
        self._newest = {
            identifier: document
            for identifier, document in self._newest.items()
            if document.sequence > taken[-1].sequence
        }

    def _derive(self) -> None:
        sample = self._store.sample_goals(limit=THRESHOLD_SAMPLE)
        self._threshold = derive_threshold([Goal(project_id=project, text=goal) for project, goal in sample])


def _likeness(asked: Profile, document: Document) -> float:
    """Compare a question with what an experience is about: its task's goal, or the title of what was told."""
    return likeness(asked, _subject(document.goal or document.title))


_subject = functools.lru_cache(maxsize=4096)(profile)


def _entry(document: Document) -> Entry:
    return Entry(id=document.id, text=_searchable(document))


def _searchable(document: Document) -> str:
    parts: Iterable[str] = (document.goal, document.search_text or document.text, document.title)
    return "\n".join(parts)
