"""A vector index on disk: a folder that is written whole or not at all, and used only when nothing about it is odd."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from reasoningbank_daemon.index.errors import IndexUnusableError
from reasoningbank_daemon.index.vector_index import VectorIndex
from reasoningbank_schema.durable_files import sync
from reasoningbank_schema.vectors import Stamp

FORMAT = 1
MANIFEST = "manifest.json"
_PREFIX = "snapshot-"
_UNFINISHED = "unfinished-"

Index = TypeVar("Index", bound=VectorIndex)


class Reach(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Say how far into the bank something reaches: the last change that it holds, in the order of changes."""

    sequence: int = 0
    id: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a snapshot holds; ``files`` are their SHA-256 by name."""

    format: int
    bank_id: str
    stamp: Stamp
    reach: Reach
    count: int
    files: dict[str, str]


def save_snapshot(folder: Path, index: VectorIndex, *, bank_id: str, reach: Reach) -> None:
    """Write the index beside older snapshots, make it durable, and remove those.

    A crash at any moment leaves the older one or the new one. `OSError` where it can't be written; the older one
    stays in force then.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    older = _snapshots(folder)
    number = 1 + max((int(found.name.removeprefix(_PREFIX)) for found in older), default=0)
    unfinished = folder / f"{_UNFINISHED}{number}"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(mode=0o700)
        index.dump(unfinished)
        manifest = Manifest(
            format=FORMAT,
            bank_id=bank_id,
            stamp=index.stamp,
            reach=reach,
            count=index.count,
            files={file.name: _sum(file) for file in sorted(unfinished.iterdir())},
        )
        (unfinished / MANIFEST).write_bytes(msgspec.json.encode(manifest))
        for file in unfinished.iterdir():
            sync(file)
        sync(unfinished)
        unfinished.rename(folder / f"{_PREFIX}{number}")
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync(folder)
    for found in older:
        shutil.rmtree(found, ignore_errors=True)


def load_snapshot(
    folder: Path, load: Callable[[Path, Stamp], Index], *, stamp: Stamp, bank_id: str, reach: Reach
) -> tuple[Index, Reach] | None:
    """Return the newest snapshot and how far it reaches; None when there is none at all.

    ``reach`` is how far the bank's own vectors go.

    Raises
    ------
    IndexUnusableError
        When it is of another bank, another stamp or another format, reaches further than the bank, or a file is not
        as it was written.
    """
    snapshots = _snapshots(folder)
    if not snapshots:
        return None
    newest = snapshots[-1]
    manifest = read_manifest(newest)
    for what, found, expected in (
        ("format", manifest.format, FORMAT),
        ("bank", manifest.bank_id, bank_id),
        ("stamp", manifest.stamp, stamp),
    ):
        if found != expected:
            raise IndexUnusableError(f"{newest} is of {what} {found}, this is {expected}")
    if manifest.reach > reach:
        raise IndexUnusableError(f"{newest} reaches {manifest.reach}, the bank's vectors {reach}")
    if damage := find_damage(newest, manifest):
        raise IndexUnusableError(damage[0])
    index = load(newest, stamp)
    if index.count != manifest.count:
        raise IndexUnusableError(f"{newest} holds {index.count} vectors, its manifest says {manifest.count}")
    return index, manifest.reach


def read_manifest(snapshot: Path) -> Manifest:
    """Return what a snapshot says of itself; `IndexUnusableError` when it can't be read."""
    try:
        return msgspec.json.decode((snapshot / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IndexUnusableError(f"{snapshot / MANIFEST} can't be read: {error}") from error


def find_damage(snapshot: Path, manifest: Manifest) -> list[str]:
    """Say which files of a snapshot are not as they were written."""
    found: list[str] = []
    for name, expected in manifest.files.items():
        try:
            same = _sum(snapshot / name) == expected
        except OSError as error:
            found.append(f"{snapshot / name} can't be read: {error.strerror}")
            continue
        if not same:
            found.append(f"{snapshot / name} is damaged: its content does not have the sum that was noted")
    return found


def inspect_snapshots(folder: Path) -> list[str]:
    """Say what is wrong with the snapshot in force in a folder; empty when nothing is, or when there is none."""
    snapshots = _snapshots(folder)
    if not snapshots:
        return []
    try:
        return find_damage(snapshots[-1], read_manifest(snapshots[-1]))
    except IndexUnusableError as error:
        return [str(error)]


def _snapshots(folder: Path) -> list[Path]:
    """Return the finished snapshots, the newest last."""
    found = (path for path in folder.glob(f"{_PREFIX}*") if path.name.removeprefix(_PREFIX).isdigit())
    return sorted(found, key=lambda path: int(path.name.removeprefix(_PREFIX)))


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
