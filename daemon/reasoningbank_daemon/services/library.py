"""The bank's experiences as something to search: one index, kept up with what is committed."""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import count, islice

import msgspec
import structlog

from reasoningbank_daemon.index.errors import IndexFolderError, IndexUnusableError
from reasoningbank_daemon.index.fusion import mix
from reasoningbank_daemon.index.lexical import Entry, LexicalIndex
from reasoningbank_daemon.index.likeness import bag_of, likenesses
from reasoningbank_daemon.index.threshold import Goal, Threshold, derive_threshold
from reasoningbank_daemon.services.allocator import return_freed
from reasoningbank_daemon.services.asked import Serving, subject_of
from reasoningbank_daemon.services.embedders import EmbedderChoice
from reasoningbank_daemon.services.found import WORDS, Found, Match
from reasoningbank_daemon.services.kept_threshold import keep_threshold, read_threshold
from reasoningbank_daemon.services.meanings import Meanings, MeaningStatus
from reasoningbank_daemon.services.recall import CANDIDATES, View, recall
from reasoningbank_daemon.storage.records import Document, Effects
from reasoningbank_daemon.storage.store import SqliteStore
from reasoningbank_schema.advice import Experience
from reasoningbank_schema.paths import Paths

log = structlog.get_logger(__name__)

BATCH = 500
FIRST_COMMIT_BATCHES, COMMIT_GROWTH = 10, 32
"""Something is to be found soon, and the index is to have few segments: commits are far between, and further each time."""

MAX_CHARS = 1500
"""Of the text of one experience."""

NEWEST_KEPT = 200
THRESHOLD_SAMPLE = 1000


class LibraryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Report the indexes; ``vectors_waiting`` experiences have no vector of the configured embedder yet."""

    embedder: str
    lexical_documents: int
    vector_documents: int
    vectors_waiting: int
    threshold: float
    threshold_basis: str
    warnings: tuple[str, ...]


class Library:
    """Search experiences from any thread; follow the bank on a thread of its own.

    ``monotonic`` is asked how long a question has been under way; a vector that is not there within
    `recall.MEANING_BUDGET_S` is done without.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        on_tasks: Callable[[Effects], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = paths.indexes / "lexical"
        self._vectors_folder = paths.indexes / "vectors"
        self._threshold_file = paths.indexes / "threshold.json"
        self._on_tasks = on_tasks
        self._monotonic = monotonic
        self._pending: deque[Effects] = deque()
        self._newest: dict[int, Document] = {}
        self._wake = threading.Condition()
        self._closed = False
        self._threshold = Threshold(value=1.0, basis="the index is not open yet")
        self._derived_at = 0
        self._lacking = False
        self._warnings: tuple[str, ...] = ()
        self._wanted: EmbedderChoice | None = None
        self._changed = False
        # Questions take `_serving` once and never wait for these.
        self._changing = threading.Lock()
        self._deriving = threading.Lock()
        self._quiet = threading.Event()
        self._serving: Serving | None = None
        self._asked_at = -math.inf
        self._coming: Meanings | None = None
        self._thread = threading.Thread(target=self._follow, name="library", daemon=True)

    def open(self, store: SqliteStore) -> None:
        """Open the index, bring it up to the bank, or make it again when there is any doubt about it.

        What takes more than a moment (100,000 experiences: most of a minute) is done while questions are answered.
        `IndexFolderError` when no index can be made where it belongs.
        """
        self._store = store
        sequence = store.counts().sequence
        self._index = self._open_index(sequence)
        self._sequence = sequence
        self._lacking = self._index.sequence < sequence
        if self._lacking and store.changed_since(self._index.sequence) <= BATCH:
            self._catch_up()
        kept = read_threshold(self._threshold_file, bank_id=store.bank_id)
        # Of fewer it is derived in no time, and each of them may change it.
        if (
            kept is not None
            and THRESHOLD_SAMPLE <= kept.experiences <= self._index.count < 2 * kept.experiences
        ):
            self._threshold, self._derived_at = kept.threshold, kept.experiences
        else:
            self._derive_again()
        self._thread.start()

    def follow(self, effects: Effects) -> None:
        """Take in what a group of records changed; called by the writer after COMMIT, returns at once."""
        if not (effects.experiences or effects.retired or effects.tasks):
            return  # most groups: nothing to find, and a thread less to wake
        # The index needs some 20 ms to take them in; until then they are looked at one by one.
        self._newest = {**self._newest, **{document.id: document for document in effects.experiences}}
        with self._wake:
            self._pending.append(effects)
            self._wake.notify()

    def use(self, choice: EmbedderChoice | None) -> None:
        """Rank by this embedder beside the words as soon as it has seen all experiences; None: by words alone.

        Returns at once; what ranked before goes on until then. An embedder that could not be opened is tried again.
        """
        with self._wake:
            self._wanted, self._changed = choice, True
            self._wake.notify()

    def idle_s(self) -> float:
        """Return for how long nobody has asked for experiences; infinite where nobody ever did."""
        return self._monotonic() - self._asked_at

    def find(self, text: str, *, project: int | None, limit: int = CANDIDATES) -> Found:
        """Return experiences like a text, as `recall.recall` does, from what is known at this moment."""
        self._asked_at = self._monotonic()
        return recall(self._store, self._view(), text, project=project, limit=limit)

    def read(self, matches: Sequence[Match], *, max_chars: int = MAX_CHARS) -> tuple[Experience, ...]:
        """Return what was found with its texts, cut; one that was retired in this moment is left out."""
        texts = self._store.experience_texts([match.id for match in matches]) if matches else {}
        return tuple(
            Experience(
                id=match.id,
                text=texts[match.id][:max_chars],
                likeness=match.likeness,
                same_project=match.same_project,
                outcome=match.outcome,
            )
            for match in matches
            if match.id in texts
        )

    def status(self) -> LibraryStatus:
        """Report how much can be found, by what, and from which likeness on."""
        serving = self._serving
        meanings = self._coming or (serving.meanings if serving else None)
        vectors = meanings.status() if meanings else MeaningStatus(done=0, waiting=0, ready=False)
        trouble = (
            (f"the configured embedder can't be used: {vectors.trouble}. Next: {vectors.next_step}",)
            if vectors.trouble
            else ()
        )
        making = (
            ("the lexical index is not complete yet: what it lacks is not found by its words",)
            if self._lacking
            else ()
        )
        threshold = serving.threshold if serving else self._threshold
        return LibraryStatus(
            embedder=serving.meanings.choice.name if serving else WORDS,
            lexical_documents=self._index.count,
            vector_documents=vectors.done,
            vectors_waiting=vectors.waiting,
            threshold=threshold.value,
            threshold_basis=threshold.basis,
            warnings=(*self._warnings, *making, *trouble),
        )

    def rest(self) -> None:
        """End everything that reads or writes the bank on its own; what is committed is followed still."""
        with self._changing:
            self._quiet.set()
        with self._deriving:
            pass  # one that is under way reads the bank
        for meanings in self._all_meanings():
            meanings.close()

    def close(self) -> None:
        """Take in what waits and close the index; `rest` comes before, while the bank is open."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join()
            self._index.close()

    def _view(self) -> View:
        serving = self._serving
        waiting = serving is None and self._coming is not None
        return View(
            index=self._index,
            newest=self._newest,
            threshold=self._threshold,
            serving=serving,
            why_words_alone="the embedder is not ready, see: reasoningbank embedder status"
            if waiting
            else "",
        )

    def _open_index(self, sequence: int) -> LexicalIndex:
        """Return the index that is there; an empty one in its place when there is any doubt about it."""
        try:
            index = LexicalIndex(self._folder)
            index.demand_not_beyond(sequence)
        except (IndexUnusableError, OSError) as error:
            log.warning("index_rebuilt", reason=str(error))
            self._warnings = (f"the lexical index was made again: {error}",)
        else:
            return index
        try:
            if self._folder.is_dir() and not self._folder.is_symlink():
                shutil.rmtree(self._folder)
            else:
                self._folder.unlink(missing_ok=True)
            return LexicalIndex(self._folder)
        except (IndexUnusableError, OSError) as error:
            raise IndexFolderError(
                f"no index can be made in {self._folder}: {error}. Nothing is lost: indexes are built from the bank. "
                f"Make {self._folder.parent} a folder that you can write to, or remove it"
            ) from error

    def _catch_up(self) -> None:
        """Take in what the bank had at opening and the index had not; goes on at the next start if it is ended."""
        with self._deriving:
            if self._quiet.is_set():
                return  # the bank may be closed already
            since = self._index.sequence
            self._index.update((), removed=self._store.retired_since(since) if since else ())
            documents = self._store.documents(since_sequence=since)
            commit_at = FIRST_COMMIT_BATCHES
            for number in count(1):
                batch = list(islice(documents, BATCH))
                if not batch:
                    break
                self._index.update(map(_entry, batch))
                if number == commit_at or self._quiet.is_set():
                    # Others may have the sequence of the last one: it is not reached before they are in.
                    self._index.commit(sequence=batch[-1].sequence - 1)
                    commit_at *= COMMIT_GROWTH
                if self._quiet.is_set():
                    return
            self._index.commit(sequence=self._sequence)
        self._lacking = False
        return_freed()

    def _follow(self) -> None:
        if self._lacking:
            try:
                with self._index.in_bulk():
                    self._catch_up()
            except Exception:
                log.exception("index_not_made", effect="what it lacks is found after a restart")
        while True:
            with self._wake:
                self._wake.wait_for(
                    lambda: self._pending or self._changed or self._closed or not self._index.all_remembered
                )
                taken = list(self._pending)
                self._pending.clear()
                changed, self._changed = self._changed, False
                if self._closed and not taken:
                    return
            try:
                if changed:
                    self._change()
                if taken:
                    self._take_in(taken)
                elif not self._index.all_remembered:
                    self._remember_subjects()
            except Exception:
                self._lacking = True
                log.exception("index_update_failed", effect="new experiences are found after a restart")

    def _remember_subjects(self) -> None:
        try:
            self._index.remember_subjects()
        except Exception:
            self._index.all_remembered = True
            log.exception("subjects_not_read", effect="they are read one by one, which takes longer")

    def _take_in(self, taken: list[Effects]) -> None:
        for effects in taken:
            self._on_tasks(effects)
        if self._lacking:
            # To go on from here would leave a gap that no start looks for.
            self._newest = dict(list(self._newest.items())[-NEWEST_KEPT:])
            return
        documents = {document.id: document for effects in taken for document in effects.experiences}
        retired = [identifier for effects in taken for identifier in effects.retired]
        if documents or retired:
            self._index.update(map(_entry, documents.values()), removed=retired)
            self._index.commit(sequence=taken[-1].sequence)
            for meanings in self._all_meanings():
                meanings.follow(taken[-1].sequence, changed=len(documents), retired=retired)
        self._sequence = taken[-1].sequence
        self._newest = {
            identifier: document
            for identifier, document in self._newest.items()
            if document.sequence > taken[-1].sequence
        }
        if self._index.count >= 2 * self._derived_at:
            self._derive_again()

    def _all_meanings(self) -> tuple[Meanings, ...]:
        serving, coming = self._serving, self._coming
        return (*((serving.meanings,) if serving else ()), *((coming,) if coming else ()))

    def _change(self) -> None:
        """Begin with the embedder that is wanted; the one in force goes on until the new one is ready."""
        ended: list[Meanings] = []
        with self._changing:
            wanted, serving, coming = self._wanted, self._serving, self._coming
            if self._quiet.is_set():
                return
            if coming is not None and (coming.choice != wanted or coming.status().trouble):
                ended.append(coming)
                self._coming = None
            if serving is not None and wanted is None:
                ended.append(serving.meanings)
                self._serving = None
            in_force = serving.meanings.choice if serving else None
            if wanted is not None and self._coming is None and wanted != in_force:
                self._coming = Meanings(
                    self._store,
                    wanted,
                    folder=self._vectors_folder,
                    on_ready=self._begin_to_serve,
                    monotonic=self._monotonic,
                )
                self._coming.start(sequence=self._sequence)
        # Outside the lock: a thread that has just become ready takes it before it ends.
        for meanings in ended:
            meanings.close()

    def _begin_to_serve(self, meanings: Meanings) -> None:
        """Let an embedder rank that has seen all experiences; called by its own thread."""
        threshold = self._derive(meanings)
        with self._changing:
            if self._coming is not meanings:
                return
            old, self._coming = self._serving, None
            self._serving = Serving(meanings=meanings, threshold=threshold)
        if old is not None:
            old.meanings.close()
        return_freed()

    def _derive_again(self) -> None:
        with self._deriving:
            if self._quiet.is_set():
                return
            self._threshold = self._derive(None)
            serving = self._serving
            threshold = self._derive(serving.meanings) if serving else None
            self._derived_at = max(1, self._index.count)
            if not self._lacking:
                keep_threshold(
                    self._threshold_file,
                    self._threshold,
                    bank_id=self._store.bank_id,
                    experiences=self._derived_at,
                )
        with self._changing:
            if serving is not None and threshold is not None and self._serving is serving:
                self._serving = Serving(meanings=serving.meanings, threshold=threshold)

    def _derive(self, meanings: Meanings | None) -> Threshold:
        """Return the threshold on the scale of words, or on that of words and an embedder."""
        sample = self._store.sample_goals(limit=THRESHOLD_SAMPLE)
        vectors = meanings.vectors_of([goal[0] for goal in sample]) if meanings is not None else {}
        if meanings is not None:
            sample = tuple(goal for goal in sample if goal[0] in vectors)
        bags = [bag_of(goal) for _, _, goal in sample]

        def alike(first: int, second: int) -> float:
            words = likenesses(bags[first], [bags[second]])[0]
            if meanings is None:
                return words
            return mix(words, float(vectors[sample[first][0]] @ vectors[sample[second][0]]))

        return derive_threshold([Goal(project_id=project, text=goal) for _, project, goal in sample], alike)


def _entry(document: Document) -> Entry:
    return Entry(
        id=document.id,
        text=_searchable(document),
        project=document.project_id,
        subject=subject_of(document),
    )


def _searchable(document: Document) -> str:
    parts: Iterable[str] = (document.goal, document.search_text or document.text, document.title)
    return "\n".join(parts)
