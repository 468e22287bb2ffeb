"""Find damage in the lexical index on disk without opening it for writing.

tantivy ends each of its files with a footer: a JSON object with the CRC-32 of what stands before it, the object's
length and a magic number. It checks them only when asked to, which its Python binding can't; a flipped bit would
be searched as it is. So the sums are checked here.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import msgspec

from reasoningbank_daemon.index.frequent_terms import counts_sha256

_TAIL = struct.Struct("<II")
_MAGIC = 1337
_SUMMED = frozenset({".term", ".idx", ".pos", ".fast", ".fieldnorm", ".store", ".del"})


class _Footer(msgspec.Struct, frozen=True, kw_only=True):
    crc: int


class _Deletes(msgspec.Struct, frozen=True, kw_only=True):
    num_deleted_docs: int
    opstamp: int


class _Segment(msgspec.Struct, frozen=True, kw_only=True):
    segment_id: str
    max_doc: int
    deletes: _Deletes | None


class _Meta(msgspec.Struct, frozen=True, kw_only=True):
    """Hold tantivy's list; ``index_settings`` and ``schema`` are as they were made."""

    index_settings: msgspec.Raw
    segments: tuple[_Segment, ...]
    schema: msgspec.Raw


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    # Those that have none are of an older format, which is not used any more.
    fixed_sha256: str = ""
    frequent: dict[str, int] = msgspec.field(default_factory=dict)
    frequent_sha256: str = ""


def fixed_sha256(folder: Path) -> str:
    """Return the sum of what never changes in tantivy's list: it takes a default where a name is damaged.

    Raises
    ------
    OSError, msgspec.DecodeError, UnicodeDecodeError
        When the list can't be read.
    """
    return _fixed_sha256(msgspec.json.decode((folder / "meta.json").read_bytes(), type=_Meta))


def _fixed_sha256(meta: _Meta) -> str:
    return hashlib.sha256(bytes(meta.index_settings) + bytes(meta.schema)).hexdigest()


def find_damage(folder: Path, *, deep: bool = True) -> list[str]:
    """Say what is wrong with the index in a folder; empty when nothing is, or when there is no index.

    The index must be at rest: while a daemon commits, its parts differ for moments. Deep reads every file (about
    a second per gigabyte); otherwise only lists and sizes are compared.
    """
    manifest_file = folder / "manifest.json"
    if not manifest_file.exists():
        # The daemon makes it again at its next start; nothing of it is used.
        return []
    try:
        manifest = msgspec.json.decode(manifest_file.read_bytes(), type=_Manifest)
        meta = msgspec.json.decode((folder / "meta.json").read_bytes(), type=_Meta)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return [f"the lists of the index in {folder} can't be read: {error}"]
    found: list[str] = []
    if manifest.fixed_sha256 not in ("", _fixed_sha256(meta)):
        found.append(f"the list of segments in {folder} is damaged: its settings or its schema are others")
    if manifest.frequent_sha256 not in ("", counts_sha256(manifest.frequent)):
        found.append(f"{manifest_file} is damaged: its counts do not have the sum that was noted")
    count = sum(
        segment.max_doc - (segment.deletes.num_deleted_docs if segment.deletes else 0)
        for segment in meta.segments
    )
    if count != manifest.count:
        found.append(f"the index holds {count} documents, its manifest says {manifest.count}")
    for segment in meta.segments:
        found += _segment_damage(folder, segment, deep=deep)
    return found


def _segment_damage(folder: Path, segment: _Segment, *, deep: bool) -> list[str]:
    stem = segment.segment_id.replace("-", "")
    names = [f"{stem}{suffix}" for suffix in (".term", ".idx", ".fast", ".store", ".fieldnorm")]
    if segment.deletes is not None:
        names.append(f"{stem}.{segment.deletes.opstamp}.del")
    found = [f"{folder / name} is missing" for name in names if not (folder / name).exists()]
    if deep:
        files = (file for file in folder.glob(f"{stem}.*") if file.suffix in _SUMMED)
        found += [damage for file in sorted(files) if (damage := _file_damage(file))]
    return found


def _file_damage(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        return f"{file} can't be read: {error.strerror}"
    if len(raw) < _TAIL.size:
        return f"{file} is cut short: it has {len(raw)} bytes"
    length, magic = _TAIL.unpack_from(raw, len(raw) - _TAIL.size)
    end = len(raw) - _TAIL.size - length
    if magic != _MAGIC or end < 0:
        return f"{file} is cut short or overwritten: its last bytes are not tantivy's"
    try:
        footer = msgspec.json.decode(raw[end : len(raw) - _TAIL.size], type=_Footer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"{file} is damaged: its footer can't be read"
    if zlib.crc32(memoryview(raw)[:end]) != footer.crc:
        return f"{file} is damaged: its content does not have the sum that was noted"
    return ""
