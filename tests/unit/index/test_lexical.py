from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reasoningbank_daemon.index.analysis import count_terms
from reasoningbank_daemon.index.frequent_terms import FREQUENT_FROM, FREQUENT_TERMS
from reasoningbank_daemon.index.lexical import SUBJECTS_AT_ONCE, Entry, IndexUnusableError, LexicalIndex
from reasoningbank_daemon.index.likeness import bag_of


def _subjects(index: LexicalIndex) -> dict[int, bytes]:
    return {hit.id: hit.subject() for hit in index.search(count_terms("invoice"), 10_000)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lexical"
    index = LexicalIndex(folder)
    index.update([Entry(id=1, text="fix the invoice export"), Entry(id=2, text="cache of sessions")])
    index.commit(sequence=9)
    index.close()
    return folder


def test_an_index_opened_again_knows_what_it_knew(folder: Path) -> None:
    index = LexicalIndex(folder)

    assert (index.count, index.sequence) == (2, 9)
    assert [hit.id for hit in index.search(count_terms("exporting invoices"), 5)] == [1]


def test_an_updated_document_is_found_by_its_new_words_only(folder: Path) -> None:
    index = LexicalIndex(folder)

    index.update([Entry(id=1, text="thumbnail renderer")], removed=[2])
    index.commit(sequence=10)

    assert index.search(count_terms("invoice"), 5) == []
    assert [hit.id for hit in index.search(count_terms("thumbnail"), 5)] == [1]
    assert index.count == 1


def test_rare_words_of_a_long_question_are_not_crowded_out_by_common_ones(tmp_path: Path) -> None:
    common = [f"word{number}" for number in range(3 * FREQUENT_TERMS)]
    index = LexicalIndex(tmp_path / "lexical")
    index.update(Entry(id=number, text=" ".join(common)) for number in range(1, FREQUENT_FROM + 1))
    index.update([Entry(id=999, text="thumbnail renderer")])
    index.commit(sequence=1)

    found = index.search(count_terms(" ".join([*common, "thumbnail"])), 1)

    assert [hit.id for hit in found] == [999]


def test_an_index_opened_again_searches_for_the_same_words(tmp_path: Path) -> None:
    # Word 9 is in nearly every document, word 0 in few; all of them are frequent.
    words = [f"word{number}" for number in range(2 * FREQUENT_TERMS)]
    first, *others = (
        Entry(id=number, text=" ".join(words[number % len(words) :]))
        for number in range(1, len(words) * (FREQUENT_FROM + 1))
    )
    made = LexicalIndex(tmp_path / "lexical")
    made.update(others)
    made.commit(sequence=1)
    made.update([first])
    made.commit(sequence=2)
    asked = count_terms(" ".join(words))
    found = [(hit.id, hit.score) for hit in made.search(asked, 10_000)]
    made.close()

    opened = LexicalIndex(tmp_path / "lexical")

    assert [(hit.id, hit.score) for hit in opened.search(asked, 10_000)] == found
    assert len(found) < opened.count, "a document without the words that tell most is not found by the others"


def test_words_that_a_commit_brings_are_found_whatever_was_counted_before(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path / "lexical")
    index.update(Entry(id=number, text="invoice") for number in range(1, 3 * FREQUENT_FROM))
    index.commit(sequence=1)
    before = index.search(count_terms("thumbnail"), 5)

    index.update([Entry(id=999, text="thumbnail renderer")])
    index.commit(sequence=2)

    assert before == []
    assert [hit.id for hit in index.search(count_terms("thumbnail"), 5)] == [999]


def test_subjects_are_the_same_from_memory_and_from_disk(tmp_path: Path) -> None:
    numbers = range(1, 2 * SUBJECTS_AT_ONCE)
    made = LexicalIndex(tmp_path / "lexical")
    made.update(Entry(id=number, text="invoice", subject=f"invoice {number}") for number in numbers)
    made.commit(sequence=1)
    made.close()
    index = LexicalIndex(tmp_path / "lexical")
    on_disk = _subjects(index)

    index.update([Entry(id=1, text="invoice", subject="thumbnail")], removed=[2])
    while not index.all_remembered:
        index.remember_subjects()
    index.commit(sequence=2)
    in_memory = _subjects(index)

    assert on_disk == {number: bag_of(f"invoice {number}") for number in numbers}
    del on_disk[2]
    assert in_memory == {**on_disk, 1: bag_of("thumbnail")}


def test_a_query_without_known_words_finds_nothing(folder: Path) -> None:
    index = LexicalIndex(folder)

    assert index.search(count_terms(""), 5) == []
    assert index.search(count_terms("the of and"), 5) == []


def _shorten_a_segment(folder: Path) -> None:
    file = max(folder.glob("*.store"), key=lambda found: found.stat().st_size)
    file.write_bytes(file.read_bytes()[:-1])


def _flip_a_bit(folder: Path) -> None:
    file = max(folder.glob("*.idx"), key=lambda found: found.stat().st_size)
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(content)


def _change_a_count(folder: Path) -> None:
    index = LexicalIndex(folder)
    index.update(Entry(id=number, text="invoice") for number in range(10, 10 + FREQUENT_FROM))
    index.commit(sequence=20)
    index.close()
    manifest = (folder / "manifest.json").read_text()
    assert '"invoic":1' in manifest
    (folder / "manifest.json").write_text(manifest.replace('"invoic":1', '"invoic":2'))


def _swap_lists(folder: Path) -> None:
    """Put back the list of an earlier commit, as a disk that lost a write would."""
    earlier = (folder / "meta.json").read_bytes()
    index = LexicalIndex(folder)
    index.update([Entry(id=3, text="another one")])
    index.commit(sequence=10)
    index.close()
    (folder / "meta.json").write_bytes(earlier)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "manifest is garbage": lambda folder: (folder / "manifest.json").write_bytes(b"\x00garbage"),
    "manifest is cut off": lambda folder: (folder / "manifest.json").write_bytes(b'{"format":1,'),
    "segment is cut off": _shorten_a_segment,
    "a bit of a segment is another one": _flip_a_bit,
    "a count is another one": _change_a_count,
    "list of segments is an older one": _swap_lists,
    "list of segments is gone": lambda folder: (folder / "meta.json").unlink(),
    "segment is gone": lambda folder: next(folder.glob("*.term")).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_says_so_instead_of_answering(folder: Path, damage: str) -> None:
    DAMAGES[damage](folder)

    with pytest.raises(IndexUnusableError):
        LexicalIndex(folder)


def test_an_index_is_whole_after_merging_has_replaced_its_files(folder: Path) -> None:
    named = {file.name for file in folder.glob("*.idx")}
    for number in range(3, 20):
        index = LexicalIndex(folder)
        index.update([Entry(id=number, text=f"order number {number} of the invoice")])
        index.commit(sequence=number + 10)
        index.close()  # which waits for merging that began with the commit

    index = LexicalIndex(folder)

    assert not named & {file.name for file in folder.glob("*.idx")}
    assert (index.count, index.sequence) == (19, 29)


def test_an_index_that_knows_more_than_the_bank_is_refused(folder: Path) -> None:
    index = LexicalIndex(folder)

    with pytest.raises(IndexUnusableError, match="reaches 9, the bank 8"):
        index.demand_not_beyond(8)


def test_a_folder_without_a_manifest_is_begun_anew(folder: Path) -> None:
    (folder / "manifest.json").unlink()

    index = LexicalIndex(folder)

    assert (index.count, index.sequence) == (0, 0)
