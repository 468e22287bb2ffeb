"""BM25 over the bank's experiences with tantivy: on disk, opened in milliseconds, searched off the GIL."""

from __future__ import annotations

import functools
import shutil
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
from reasoningbank_daemon.index.frequent_terms import FrequentTerms, counts_sha256, telling_terms
from reasoningbank_daemon.index.inspection import find_damage, fixed_sha256
from reasoningbank_daemon.index.likeness import pack_bag
from reasoningbank_schema.durable_files import replace_file

FORMAT = 6
HEAP_BYTES = 15_000_000
"""The least that tantivy takes for one indexing thread."""

BULK_HEAP_BYTES = 128_000_000
"""Holds some 100,000 documents of 1.5 kB: a search has to look for each of its terms in each segment."""

SUBJECTS_KEPT = 200_000
"""What so many documents are about is kept in memory, some 250 bytes each; that of others is read when they are found."""

SUBJECTS_AT_ONCE = 500
_LAST_ID = (1 << 63) - 1


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
    frequent: dict[str, int] = msgspec.field(default_factory=dict)
    frequent_sha256: str = ""


class LexicalIndex:
    """Find documents by their words.

    `update` and `commit` belong to one thread, `search` to any. What was updated is found after `commit`,
    which also notes how far into the bank the index reaches (``sequence``). An index that was opened has what its
    documents are about on disk; `remember_subjects` brings it into memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sequence = 0
        self._frequent = FrequentTerms()
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
            self._frequent = FrequentTerms(manifest.frequent)
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
            words = terms(entry.text)
            document.add_text("body", " ".join(words))
            self._frequent.note(words)
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
        self._commit = _Commit(self._index.searcher())
        self._frequent.settle(self._commit.count)
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
            (tantivy.Occur.Should, self._term(term, weight))
            for term, weight in telling_terms(asked, self._frequent.counts, commit.documents)
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

    def _term(self, term: str, weight: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, "body", term, "freq")
        return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)

    def close(self) -> None:
        """Wait for tantivy's threads."""
        self._writer.wait_merging_threads()

    def _write_manifest(self) -> None:
        manifest = _Manifest(
            format=FORMAT,
            sequence=self.sequence,
            count=self.count,
            fixed_sha256=fixed_sha256(self._folder),
            frequent=self._frequent.counts,
            frequent_sha256=counts_sha256(self._frequent.counts),
        )
        replace_file(self._folder / "manifest.json", msgspec.json.encode(manifest))


class _Commit:
    """Hold what is found since a commit."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self.searcher = searcher
        self.documents = int(searcher.num_docs)

    def count(self, term: str) -> int:
        """Return in how many documents a term is; some microseconds for each segment."""
        return int(self.searcher.doc_freq("body", term))

    def subject(self, address: tantivy.DocAddress) -> bytes:
        """Return the packed bag of what a document is about."""
        found: bytes = self.searcher.doc(address)["subject"][0]
        return found


def _read_manifest(folder: Path) -> _Manifest:
    file = folder / "manifest.json"
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IndexUnusableError(f"{file} can't be read: {error}") from error
    if manifest.format != FORMAT:
        raise IndexUnusableError(f"{file} has format {manifest.format}, this program writes {FORMAT}")
    return manifest
