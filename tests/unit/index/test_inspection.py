from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reasoningbank_daemon.index.inspection import find_damage
from reasoningbank_daemon.index.lexical import Entry, LexicalIndex

# tantivy 0.27 renames a call that older versions have under the old name alone.
pytestmark = pytest.mark.filterwarnings("ignore:delete_documents is deprecated:DeprecationWarning")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an index with two commits and deleted documents."""
    folder = tmp_path_factory.mktemp("index") / "lexical"
    index = LexicalIndex(folder)
    index.update(Entry(id=number, text=f"repair the parser of order {number}") for number in range(200))
    index.commit(sequence=200)
    index.update([Entry(id=201, text="another order")], removed=[3, 4])
    index.commit(sequence=203)
    index.close()
    return folder


@pytest.fixture
def index(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "lexical"))


def summed(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.iterdir() if file.suffix in {".term", ".idx", ".store", ".fast", ".del"}
    )


def test_sound_index_has_no_damage(index: Path) -> None:
    assert find_damage(index) == []


def test_folder_without_an_index_has_no_damage(tmp_path: Path) -> None:
    assert find_damage(tmp_path / "nowhere") == []


def test_every_flipped_bit_of_content_is_found(index: Path) -> None:
    missed = []
    for file in summed(index):
        original = file.read_bytes()
        content = len(original) - 8 - int.from_bytes(original[-8:-4], "little")
        for position in range(0, content, max(1, content // 40)):
            damaged = bytearray(original)
            damaged[position] ^= 0x10
            file.write_bytes(damaged)
            if not find_damage(index):
                missed.append((file.name, position))
        file.write_bytes(original)

    assert missed == []


def test_file_that_is_cut_short_is_named(index: Path) -> None:
    for file in summed(index):
        original = file.read_bytes()
        file.write_bytes(original[: len(original) // 2])

        assert any(file.name in damage for damage in find_damage(index)), file.name
        file.write_bytes(original)


def test_missing_file_is_named_without_reading_the_others(index: Path) -> None:
    victim = next(file for file in summed(index) if file.suffix == ".term")
    victim.unlink()

    assert find_damage(index, deep=False) == [f"{victim} is missing"]


def test_count_that_differs_from_the_manifest_is_named(index: Path) -> None:
    manifest = index / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"count":199', '"count":7'), encoding="utf-8")

    assert find_damage(index, deep=False) == ["the index holds 199 documents, its manifest says 7"]


@pytest.mark.parametrize("name", ["manifest.json", "meta.json"])
def test_list_that_is_no_json_is_named(index: Path, name: str) -> None:
    (index / name).write_bytes(b"\xff{")

    (damage,) = find_damage(index)

    assert "can't be read" in damage
