"""The spool: events that no daemon has stored yet, one file each.

The hook program, the client library and the daemon share this one file. The installer copies it next to the
hook, so it uses the standard library alone, and of that only what loads in about a millisecond.

A file is written whole under a hidden name, synced and renamed, so a reader never sees a part of one. Its
name sorts by the sender's time and tells its size, so that the bounds are kept by listing the folder alone::

    <sent_ns, 20 digits>-<nonce, 32 hex digits>-<size in bytes>.event

Its content, big-endian::

    0  4  magic "RBS1"
    4  4  CRC-32 of everything that follows
    8  4  length of the request header
    12 8  length of the body
    20 .  the request header (`envelope`), its copy flag set
    .  .  the body (`messages`), redacted by whoever wrote it

Nothing in here is a lock: writers and the one reader work at the same time, and an entry that is read twice is
stored once, because its nonce is that of the message it stands for.
"""

# ruff: noqa: PTH102, PTH103, PTH120, PTH123, PTH208, SIM105
# The hook's failure path imports this file: pathlib and contextlib would cost it milliseconds, and pathlib
# knows no directory descriptors, without which the folder could be swapped under us.

from __future__ import annotations

import binascii
import os
import stat

TYPE_CHECKING = False  # as `typing` has it, without loading it
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_EVENT_BYTES = 256 * 1024
"""The largest payload that is spooled; a longer one is shortened and marked ``truncated``."""

_MAGIC = b"RBS1"
_PREFIX_BYTES = 20
_HEADER_BYTES = 32  # envelope.REQUEST_HEADER_BYTES, which this file may not import
_FLAG_COPY = 0x01  # envelope.FLAG_COPY
_SUFFIX = ".event"
_DAMAGED = ".damaged"
_UNFINISHED = ".part"
_DROPPED = "dropped.count"
_BARE = "bare.count"


class SpoolError(Exception):
    """The spool can't be used."""


class SpoolRefusedError(SpoolError):
    """The folder is not ours alone, so nothing is written to it or read from it."""


class SpoolDamagedError(SpoolError):
    """An entry is not what was once written."""


class Limits:
    """Bound a spool: ``count`` entries and ``size_bytes`` in all."""

    __slots__ = ("count", "size_bytes")

    def __init__(self, *, count: int = 10_000, size_bytes: int = 64 * 1024 * 1024) -> None:
        self.count = count
        self.size_bytes = size_bytes


class Entry:
    """Hold one spooled request: its file's name, its header and its body, as they go on the wire."""

    __slots__ = ("body", "header", "name")

    def __init__(self, *, name: str, header: bytes, body: bytes) -> None:
        self.name = name
        self.header = header
        self.body = body


class Losses:
    """Count what the spool could not keep: entries dropped for room, and entries kept without their content."""

    __slots__ = ("bare", "dropped")

    def __init__(self, *, dropped: int, bare: int) -> None:
        self.dropped = dropped
        self.bare = bare


DEFAULT_LIMITS = Limits()


def write_entry(
    folder: str,
    header: bytes,
    body: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    bare: bool = False,
    sync: Callable[[int], None] = os.fsync,
) -> str:
    """Keep one request; return the name of its file once it is on disk.

    Parameters
    ----------
    folder
        Made (0700) when absent.
    header, body
        The two frames of the request; the copy flag is set here.
    limits
        The oldest entries are dropped, and counted, until this one fits.
    bare
        Count the entry as one whose content could not be kept.
    sync
        Brings a descriptor's bytes to the disk; a writer in a hurry passes one that gives up.

    Raises
    ------
    SpoolRefusedError
        When the folder belongs to someone else, others may enter it, or the entry alone is over the limit.
    OSError
        When the disk is full, the folder read-only, and so on; nothing is left behind.
    """
    if len(header) != _HEADER_BYTES:
        raise SpoolError(f"a request header has {_HEADER_BYTES} bytes, this one {len(header)}")
    record = _pack(header[:3] + bytes((header[3] | _FLAG_COPY,)) + header[4:], body)
    name = f"{int.from_bytes(header[20:28], 'big'):020d}-{header[4:20].hex()}-{len(record)}{_SUFFIX}"
    if len(record) > limits.size_bytes:
        raise SpoolRefusedError(
            f"an entry of {len(record)} bytes; the whole spool may have {limits.size_bytes}"
        )
    directory = _open_folder(folder, create=True)
    try:
        _make_room(directory, len(record), limits)
        _write_whole(directory, name, record, sync)
        if bare:
            _count(directory, _BARE, 1)
    finally:
        os.close(directory)
    return name


def list_entries(folder: str) -> list[str]:
    """Return the names of the entries, oldest first; none when there is no folder."""
    try:
        directory = _open_folder(folder, create=False)
    except FileNotFoundError:
        return []
    try:
        return sorted(name for name in os.listdir(directory) if name.endswith(_SUFFIX))
    finally:
        os.close(directory)


def read_entry(folder: str, name: str) -> Entry:
    """Read one entry.

    Raises
    ------
    SpoolDamagedError
        When its bytes are not those that were written.
    FileNotFoundError
        When another writer dropped it to make room.
    """
    directory = _open_folder(folder, create=False)
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    finally:
        os.close(directory)
    with open(file, "rb") as stream:
        record = stream.read()
    header, body = _unpack(name, record)
    return Entry(name=name, header=header, body=body)


def remove_entry(folder: str, name: str) -> None:
    """Delete an entry that has been stored, or refused for good."""
    directory = _open_folder(folder, create=False)
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return
    finally:
        os.close(directory)


def set_aside(folder: str, name: str) -> str:
    """Rename a damaged entry so that it is not read again; return its new name."""
    directory = _open_folder(folder, create=False)
    try:
        os.rename(name, name + _DAMAGED, src_dir_fd=directory, dst_dir_fd=directory)
    finally:
        os.close(directory)
    return name + _DAMAGED


def remove_unfinished(folder: str, *, older_than_s: float, now_s: float) -> int:
    """Delete what writers that were killed left behind; return how many files that were."""
    try:
        directory = _open_folder(folder, create=False)
    except FileNotFoundError:
        return 0
    removed = 0
    try:
        for name in os.listdir(directory):
            if not name.endswith(_UNFINISHED):
                continue
            try:
                if now_s - os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime > older_than_s:
                    os.unlink(name, dir_fd=directory)
                    removed += 1
            except FileNotFoundError:
                continue  # its writer was alive and has renamed it
    finally:
        os.close(directory)
    return removed


def count_losses(folder: str) -> Losses:
    """Count what was dropped, or kept without content, since the spool was made."""
    try:
        directory = _open_folder(folder, create=False)
    except FileNotFoundError:
        return Losses(dropped=0, bare=0)
    try:
        return Losses(dropped=_counted(directory, _DROPPED), bare=_counted(directory, _BARE))
    finally:
        os.close(directory)


def _pack(header: bytes, body: bytes) -> bytes:
    lengths = len(header).to_bytes(4, "big") + len(body).to_bytes(8, "big")
    checksum = binascii.crc32(body, binascii.crc32(header, binascii.crc32(lengths)))
    return b"".join((_MAGIC, checksum.to_bytes(4, "big"), lengths, header, body))


def _unpack(name: str, record: bytes) -> tuple[bytes, bytes]:
    if record[:4] != _MAGIC or len(record) < _PREFIX_BYTES:
        raise SpoolDamagedError(f"{name}: does not start as a spooled event does")
    header_end = _PREFIX_BYTES + int.from_bytes(record[8:12], "big")
    body_bytes = int.from_bytes(record[12:20], "big")
    if len(record) != header_end + body_bytes:
        raise SpoolDamagedError(f"{name}: {len(record)} bytes, its own count says {header_end + body_bytes}")
    if binascii.crc32(record[8:]) != int.from_bytes(record[4:8], "big"):
        raise SpoolDamagedError(f"{name}: its bytes do not add up to its checksum")
    return record[_PREFIX_BYTES:header_end], record[header_end:]


def _open_folder(folder: str, *, create: bool) -> int:
    """Open the folder and judge what was opened, so that nobody can swap it in between."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        directory = os.open(folder, flags)
    except FileNotFoundError:
        if not create:
            raise
        os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass  # another writer was faster
        directory = os.open(folder, flags)
    status = os.fstat(directory)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        os.close(directory)
        raise SpoolRefusedError(
            f"{folder}: owner {status.st_uid}, mode {stat.S_IMODE(status.st_mode):04o};"
            f" it must be yours ({os.geteuid()}) and 0700: chown and chmod it, or delete it"
        )
    return directory


def _make_room(directory: int, incoming_bytes: int, limits: Limits) -> None:
    sizes: dict[str, int] = {}
    for name in os.listdir(directory):
        # Entries set aside count as well: they take room, and go when they are the oldest.
        if name.endswith((_SUFFIX, _SUFFIX + _DAMAGED)):
            size = name.partition(_SUFFIX)[0].rpartition("-")[2]
            sizes[name] = int(size) if size.isdigit() else 0
    total = sum(sizes.values()) + incoming_bytes
    if len(sizes) < limits.count and total <= limits.size_bytes:
        return
    left = len(sizes)
    dropped = 0
    for name in sorted(sizes):
        if left < limits.count and total <= limits.size_bytes:
            break
        left -= 1
        total -= sizes[name]
        try:
            os.unlink(name, dir_fd=directory)
        except FileNotFoundError:
            continue  # stored by the daemon, or dropped and counted by another writer
        dropped += 1
    if dropped:
        _count(directory, _DROPPED, dropped)


def _write_whole(directory: int, name: str, record: bytes, sync: Callable[[int], None]) -> None:
    unfinished = f".{name}-{os.getpid()}{_UNFINISHED}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(unfinished, flags, 0o600, dir_fd=directory)
    try:
        try:
            rest = memoryview(record)
            while rest:
                rest = rest[os.write(file, rest) :]
            sync(file)
        finally:
            os.close(file)
        os.rename(unfinished, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        os.unlink(unfinished, dir_fd=directory)
        raise
    sync(directory)


def _count(directory: int, counter: str, by: int) -> None:
    """Add to a counter that lives in the length of a file: appending needs no lock and loses nothing."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(counter, flags, 0o600, dir_fd=directory)
    try:
        os.write(file, b"." * by)
    finally:
        os.close(file)


def _counted(directory: int, counter: str) -> int:
    try:
        return os.stat(counter, dir_fd=directory, follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
