"""BM25 over the bank's experiences with tantivy: on disk, opened in milliseconds, searched off the GIL."""

from __future__ import annotations

import functools
import math
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import msgspec
import tantivy

from reasoningbank_daemon.index.analysis import count_terms, terms
from reasoningbank_daemon.index.errors import (
    IndexUnusableError as IndexUnusableError,  # noqa: PLC0414  re-exported: raised here
)
from reasoningbank_daemon.index.inspection import find_damage, fixed_sha256
from reasoningbank_daemon.index.likeness import pack_bag
from reasoningbank_schema.durable_files import replace_file

FORMAT = 5
HEAP_BYTES = 15_000_000
"""The least that tantivy takes for one indexing thread."""

BULK_HEAP_BYTES = 64_000_000
"""Holds some 50,000 documents of 1.5 kB: a search has to look for each of its terms in each segment."""

COUNTS_KEPT = 50_000
SUBJECTS_KEPT = 200_000
"""What so many documents are about is kept in memory, some 250 bytes each; that of others is read when they are found."""

SUBJECTS_AT_ONCE = 500
_LAST_ID = (1 << 63) - 1
QUERY_TERMS = 14
"""The time of a search grows with its terms; a long question is asked by its most telling ones (more find no better)."""

POSTINGS_READ, TERMS_AT_LEAST = 30_000, 3
"""And with the documents that each term is in: of a large bank, a common term that would go beyond is left out."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one document: ``text`` is analysed, never stored; ``project`` and ``subject`` are told of what is found."""

    id: int
    text: str
    project: int = 0
    subject: str = ""


class Hit(msgspec.Struct, frozen=True):
    """Name a document that matches, its BM25 score, and its project when it was indexed."""

    id: int
    score: float
    project: int
    _stored: Callable[[], bytes]

    def subject(self) -> bytes:
        """Return the packed bag of words of its subject, as `likeness.likenesses` compares them."""
        return self._stored()


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the index is of. Its files are named in tantivy's own list: merging changes them at any time."""

    format: int
    sequence: int
    count: int
    fixed_sha256: str = ""


class LexicalIndex:
    """Find documents by their words.

    `update` and `commit` belong to one thread, `search` to any. What was updated is found after `commit`,
    which also notes how far into the bank the index reaches (``sequence``). An index that was opened has what its
    documents are about on disk; `remember_subjects` brings it into memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self.sequence = 0
        fresh = not (folder / "manifest.json").is_file()
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700, parents=True)
        else:
            manifest = _read_manifest(folder)
            # tantivy maps its files and believes them: a flipped bit would be served, or end the process.
            if damage := find_damage(folder):
                raise IndexUnusableError("; ".join(damage))
            self.sequence = manifest.sequence
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("id", indexed=True, fast=True)
        builder.add_integer_field("project", fast=True)
        builder.add_bytes_field("subject", stored=True)
        builder.add_text_field("body", stored=False, tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        try:
            self._index = tantivy.Index(self._schema, path=str(folder))
            self._writer = self._index.writer(HEAP_BYTES, 1)
        except ValueError as error:
            raise IndexUnusableError(f"tantivy refuses {folder}: {error}") from error
        self._subjects: dict[int, bytes] = {}
        self._remembered = -1  # the last document that `remember_subjects` has come to
        self.all_remembered = fresh
        """Whether `remember_subjects` has nothing more to do."""
        self._commit = _Commit(self._index.searcher())
        if not fresh and self.count != manifest.count:
            raise IndexUnusableError(
                f"the index holds {self.count} documents, its manifest says {manifest.count}"
            )

    @property
    def count(self) -> int:
        """How many documents can be found."""
        return self._commit.documents

    def demand_not_beyond(self, sequence: int) -> None:
        """Raise `IndexUnusableError` when the index knows more than the bank: it belongs to another one."""
        if self.sequence > sequence:
            raise IndexUnusableError(f"the index reaches {self.sequence}, the bank {sequence}")

    def update(self, entries: Iterable[Entry], *, removed: Iterable[int] = ()) -> None:
        """Add documents, replacing those with the same id, and remove others."""
        for identifier in removed:
            self._writer.delete_documents_by_term("id", identifier)
            self._subjects.pop(identifier, None)
        for entry in entries:
            self._writer.delete_documents_by_term("id", entry.id)
            subject = pack_bag(count_terms(entry.subject))
            document = tantivy.Document()
            document.add_integer("id", entry.id)
            document.add_integer("project", entry.project)
            document.add_bytes("subject", subject)
            document.add_text("body", " ".join(terms(entry.text)))
            self._writer.add_document(document)
            self._keep_subject(entry.id, subject)

    @contextmanager
    def in_bulk(self) -> Iterator[None]:
        """Put what is updated within the block into few large segments; takes the memory of `BULK_HEAP_BYTES`.

        What is not committed at its end is lost.
        """
        self._open_writer(BULK_HEAP_BYTES)
        try:
            yield
        finally:
            self._open_writer(HEAP_BYTES)

    def commit(self, *, sequence: int) -> None:
        """Make updates durable and findable; ``sequence`` is the bank's that they reach to."""
        # Without a manifest the folder is a beginning, not an index: a crash in here means a rebuild.
        (self._folder / "manifest.json").unlink(missing_ok=True)
        self._writer.commit()
        self._index.reload()
        self._commit = _Commit(self._index.searcher(), self._commit)
        self.sequence = sequence
        self._write_manifest()

    def remember_subjects(self) -> None:
        """Bring what the next few hundred documents are about into memory; belongs to the thread that updates.

        Read one by one as they are found, each would let the interpreter go and have to get it back.
        """
        beyond = tantivy.Query.range_query(
            self._schema, "id", tantivy.FieldType.Integer, self._remembered, _LAST_ID, include_lower=False
        )
        found = self._commit.searcher.search(
            beyond, SUBJECTS_AT_ONCE, count=False, order_by_field="id", order=tantivy.Order.Asc
        ).hits
        for identifier, address in found:
            if identifier not in self._subjects:  # what was updated since is newer
                self._keep_subject(identifier, self._commit.subject(address))
        if found:
            self._remembered = found[-1][0]
        self.all_remembered = len(found) < SUBJECTS_AT_ONCE or len(self._subjects) >= SUBJECTS_KEPT

    def search(self, asked: Mapping[str, int], limit: int) -> list[Hit]:
        """Return the best documents for a question's terms (`analysis.count_terms`), best first; empty if none is known."""
        commit = self._commit
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term(term), weight))
            for term, weight in telling_terms(asked, commit.count, commit.documents)
        ]
        if not clauses or limit < 1:
            return []
        found = commit.searcher.search(tantivy.Query.boolean_query(clauses), limit, count=False).hits
        addresses = [address for _, address in found]
        # Every document has both: the type allows for fields that others do not have.
        ids = cast(list[int], commit.searcher.fast_field_values("id", addresses))
        projects = cast(list[int], commit.searcher.fast_field_values("project", addresses))
        return [
            Hit(identifier, score, project, functools.partial(self._subject, commit, identifier, address))
            for identifier, project, (score, address) in zip(ids, projects, found, strict=True)
        ]

    def _subject(self, commit: _Commit, identifier: int, address: tantivy.DocAddress) -> bytes:
        known = self._subjects.get(identifier)
        return commit.subject(address) if known is None else known

    def _keep_subject(self, identifier: int, subject: bytes) -> None:
        if len(self._subjects) < SUBJECTS_KEPT or identifier in self._subjects:
            self._subjects[identifier] = subject

    def _open_writer(self, heap_bytes: int) -> None:
        self._writer.wait_merging_threads()  # which closes it: there can be one at a time
        self._writer = self._index.writer(heap_bytes, 1)

    def _term(self, term: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, "body", term, "freq")

    def close(self) -> None:
        """Wait for tantivy's threads."""
        self._writer.wait_merging_threads()

    def _write_manifest(self) -> None:
        manifest = _Manifest(
            format=FORMAT,
            sequence=self.sequence,
            count=self.count,
            fixed_sha256=fixed_sha256(self._folder),
        )
        replace_file(self._folder / "manifest.json", msgspec.json.encode(manifest))


class _Commit:
    """Hold what is found since a commit, and in how many documents the terms that were asked for are.

    What an ``earlier`` one counted goes on to be used until the index has grown by a hundredth: which terms tell most
    does not change so fast, and to count them all again after each commit would take longer than the search.
    """

    def __init__(self, searcher: tantivy.Searcher, earlier: _Commit | None = None) -> None:
        self.searcher = searcher
        self.documents = int(searcher.num_docs)
        self.counts: dict[str, int] = {}
        self.counted_at = self.documents
        self._absent: set[str] = set()
        if earlier is not None and abs(self.documents - earlier.counted_at) * 100 <= self.documents:
            self.counts, self.counted_at = earlier.counts, earlier.counted_at

    def count(self, term: str) -> int:
        """Return in how many documents a term is; asked again it is twenty times as fast."""
        known = self.counts.get(term)
        if known is None:
            if term in self._absent:
                return 0
            known = int(self.searcher.doc_freq("body", term))
            if len(self.counts) + len(self._absent) >= COUNTS_KEPT:
                self.counts.clear()
                self._absent.clear()
            if known:
                self.counts[term] = known
            else:
                self._absent.add(term)
        return known

    def subject(self, address: tantivy.DocAddress) -> bytes:
        """Return the packed bag of what a document is about."""
        found: bytes = self.searcher.doc(address)["subject"][0]
        return found


def telling_terms(
    asked: Mapping[str, int], count: Callable[[str], int], documents: int
) -> list[tuple[str, float]]:
    """Return a question's known terms that tell most, with their weights: the rare ones, and those that are said often.

    ``count`` says in how many of the ``documents`` a term is.
    """
    worth: list[tuple[float, str, float, int]] = []
    for term, said in asked.items():
        found = count(term)
        if found:
            weight = 1.0 if said == 1 else 1.0 + math.log(said)
            worth.append(
                (weight * math.log(1 + (documents - found + 0.5) / (found + 0.5)), term, weight, found)
            )
    worth.sort(key=lambda known: (-known[0], known[1]))
    chosen: list[tuple[str, float]] = []
    to_read = 0
    for _, term, weight, found in worth[:QUERY_TERMS]:
        if len(chosen) < TERMS_AT_LEAST or to_read + found <= POSTINGS_READ:
            chosen.append((term, weight))
            to_read += found
    return chosen


def _read_manifest(folder: Path) -> _Manifest:
    file = folder / "manifest.json"
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IndexUnusableError(f"{file} can't be read: {error}") from error
    if manifest.format != FORMAT:
        raise IndexUnusableError(f"{file} has format {manifest.format}, this program writes {FORMAT}")
    return manifest
