"""BM25 over the bank's experiences with tantivy: on disk, opened in milliseconds, searched off the GIL."""

from __future__ import annotations

import functools
import math
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

import msgspec
import tantivy

from reasoningbank_daemon.index.analysis import Profile, profile, query_weights, terms
from reasoningbank_daemon.index.errors import (
    IndexUnusableError as IndexUnusableError,  # noqa: PLC0414  re-exported: raised here
)
from reasoningbank_daemon.index.inspection import find_damage, fixed_sha256
from reasoningbank_schema.durable_files import replace_file

FORMAT = 4
HEAP_BYTES = 15_000_000
"""The least that tantivy takes for one indexing thread."""

COUNTS_KEPT = 50_000
QUERY_TERMS = 14
"""The time of a search grows with its terms; a long question is asked by its most telling ones (more find no better)."""


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
    stored: Callable[[], bytes]

    def profile(self) -> Profile:
        """Return the profile of its subject: read, which is a tenth of what making it takes."""
        return _profiles.decode(self.stored())


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Say what the index is of. Its files are named in tantivy's own list: merging changes them at any time."""

    format: int
    sequence: int
    count: int
    fixed_sha256: str = ""


class LexicalIndex:
    """Find documents by their words.

    `update` and `commit` belong to one thread, `search` to any. What was updated is found after `commit`,
    which also notes how far into the bank the index reaches (``sequence``).
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
        for entry in entries:
            self._writer.delete_documents_by_term("id", entry.id)
            document = tantivy.Document()
            document.add_integer("id", entry.id)
            document.add_integer("project", entry.project)
            document.add_bytes("subject", _encoded(profile(entry.subject)))
            document.add_text("body", " ".join(terms(entry.text)))
            self._writer.add_document(document)

    def commit(self, *, sequence: int) -> None:
        """Make updates durable and findable; ``sequence`` is the bank's that they reach to."""
        # Without a manifest the folder is a beginning, not an index: a crash in here means a rebuild.
        (self._folder / "manifest.json").unlink(missing_ok=True)
        self._writer.commit()
        self._index.reload()
        self._commit = _Commit(self._index.searcher())
        self.sequence = sequence
        self._write_manifest()

    def search(self, text: str, limit: int) -> list[Hit]:
        """Return the best documents for a text, best first; empty when no word of it is known."""
        commit = self._commit
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term(term), weight))
            for term, weight in _telling(commit, query_weights(text))
        ]
        if not clauses or limit < 1:
            return []
        found = commit.searcher.search(tantivy.Query.boolean_query(clauses), limit, count=False).hits
        addresses = [address for _, address in found]
        # Every document has both: the type allows for fields that others do not have.
        ids = cast(list[int], commit.searcher.fast_field_values("id", addresses))
        projects = cast(list[int], commit.searcher.fast_field_values("project", addresses))
        return [
            Hit(identifier, score, project, functools.partial(commit.subject, address))
            for identifier, project, (score, address) in zip(ids, projects, found, strict=True)
        ]

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
    """Hold what is found since a commit, and in how many documents the terms that were asked for are."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self.searcher = searcher
        self.documents = int(searcher.num_docs)
        self._counts: dict[str, int] = {}

    def count(self, term: str) -> int:
        """Return in how many documents a term is; asked again it is twenty times as fast."""
        known = self._counts.get(term)
        if known is None:
            if len(self._counts) >= COUNTS_KEPT:
                self._counts.clear()
            known = self._counts[term] = int(self.searcher.doc_freq("body", term))
        return known

    def subject(self, address: tantivy.DocAddress) -> bytes:
        """Return the encoded profile of a document that was found."""
        found: bytes = self.searcher.doc(address)["subject"][0]
        return found


def _encoded(subject: Profile) -> bytes:
    """Encode a profile; most weights are 1, and a whole number takes one byte instead of nine."""
    weights = {term: 1 if weight == 1.0 else weight for term, weight in subject.weights.items()}
    return msgspec.msgpack.encode((weights, subject.norm))


_profiles = msgspec.msgpack.Decoder(Profile)


def _telling(commit: _Commit, weights: dict[str, float]) -> list[tuple[str, float]]:
    """Return the known terms that tell most, with their weights: the rare ones, and those that are said often."""
    documents = commit.documents
    worth: list[tuple[float, str]] = []
    for term, weight in weights.items():
        count = commit.count(term)
        if count:
            worth.append((weight * math.log(1 + (documents - count + 0.5) / (count + 0.5)), term))
    worth.sort(key=lambda pair: (-pair[0], pair[1]))
    return [(term, weights[term]) for _, term in worth[:QUERY_TERMS]]


def _read_manifest(folder: Path) -> _Manifest:
    file = folder / "manifest.json"
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IndexUnusableError(f"{file} can't be read: {error}") from error
    if manifest.format != FORMAT:
        raise IndexUnusableError(f"{file} has format {manifest.format}, this program writes {FORMAT}")
    return manifest
