"""The spool's files: what is written is read, bounded, private, and whole."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_schema import spool
from reasoningbank_schema.envelope import REQUEST_HEADER_BYTES, RequestHeader, pack_request, unpack_request


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "spool")


def header(number: int, *, sent_ns: int | None = None) -> bytes:
    nonce = number.to_bytes(16, "big")
    return pack_request(
        RequestHeader(nonce=nonce, sent_ns=number if sent_ns is None else sent_ns, deadline_ms=9)
    )


def read_all(folder: str) -> list[tuple[int, bytes]]:
    entries = [spool.read_entry(folder, name) for name in spool.list_entries(folder)]
    return [(int.from_bytes(unpack_request(entry.header).nonce, "big"), entry.body) for entry in entries]


def test_an_entry_comes_back_with_its_copy_flag_set(folder: str) -> None:
    name = spool.write_entry(folder, header(7), b"body")

    entry = spool.read_entry(folder, name)

    assert unpack_request(entry.header) == RequestHeader(
        nonce=(7).to_bytes(16, "big"), sent_ns=7, deadline_ms=9, copy=True
    )
    assert entry.body == b"body"


@given(body=st.binary(max_size=2000), sent_ns=st.integers(0, 2**63))
def test_any_body_survives_the_format(body: bytes, sent_ns: int) -> None:
    head = header(1, sent_ns=sent_ns)

    assert spool._unpack("x", spool._pack(head, body)) == (head, body)


@given(body=st.binary(min_size=1, max_size=100), data=st.data())
def test_any_changed_or_missing_byte_is_noticed(body: bytes, data: st.DataObject) -> None:
    record = bytearray(spool._pack(header(1), body))
    position = data.draw(st.integers(0, len(record) - 1))
    record[position] ^= data.draw(st.integers(1, 255))
    cut = bytes(spool._pack(header(1), body))[: data.draw(st.integers(0, len(record) - 1))]

    for damaged in (bytes(record), cut, bytes(record) + b"x"):
        with pytest.raises(spool.SpoolDamagedError, match=r"^x: "):
            spool._unpack("x", damaged)


def test_entries_are_listed_by_the_senders_time(folder: str) -> None:
    for number in (3, 1, 2):
        spool.write_entry(folder, header(number), b"")

    assert [number for number, _ in read_all(folder)] == [1, 2, 3]


def test_a_copy_of_a_copy_takes_no_second_place(folder: str) -> None:
    spool.write_entry(folder, header(1), b"body")
    spool.write_entry(folder, header(1), b"body")

    assert read_all(folder) == [(1, b"body")]


def test_the_folder_is_made_for_its_owner_alone(folder: str) -> None:
    before = os.umask(0)
    try:
        name = spool.write_entry(folder, header(1), b"")
    finally:
        os.umask(before)

    assert Path(folder).stat().st_mode & 0o777 == 0o700
    assert (Path(folder) / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o701, 0o770])
def test_a_folder_that_others_may_enter_is_refused_for_reading_and_writing(folder: str, mode: int) -> None:
    name = spool.write_entry(folder, header(1), b"")
    Path(folder).chmod(mode)

    for use in (
        lambda: spool.write_entry(folder, header(2), b""),
        lambda: spool.read_entry(folder, name),
        lambda: spool.list_entries(folder),
        lambda: spool.remove_entry(folder, name),
    ):
        with pytest.raises(spool.SpoolRefusedError, match=r"it must be yours .* and 0700"):
            use()


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder away takes root")
def test_a_folder_of_somebody_else_is_refused(folder: str) -> None:
    spool.write_entry(folder, header(1), b"")
    os.chown(folder, 65534, 65534)

    with pytest.raises(spool.SpoolRefusedError, match="owner 65534"):
        spool.write_entry(folder, header(2), b"")


def test_a_folder_that_is_a_link_is_not_followed(folder: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    Path(folder).parent.mkdir()
    Path(folder).symlink_to(elsewhere)

    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        spool.write_entry(folder, header(1), b"")

    assert list(elsewhere.iterdir()) == []


def test_an_entry_that_is_a_link_is_not_followed(folder: str, tmp_path: Path) -> None:
    name = spool.write_entry(folder, header(1), b"")
    (tmp_path / "secret").write_text("x")
    (Path(folder) / name).unlink()
    (Path(folder) / name).symlink_to(tmp_path / "secret")

    with pytest.raises(OSError, match="Too many levels"):
        spool.read_entry(folder, name)


def test_beyond_the_count_the_oldest_go_and_are_counted(folder: str) -> None:
    limits = spool.Limits(count=3)
    for number in range(1, 6):
        spool.write_entry(folder, header(number), b"", limits=limits)

    assert [number for number, _ in read_all(folder)] == [3, 4, 5]
    assert spool.count_losses(folder).dropped == 2


def test_beyond_the_size_the_oldest_go_and_are_counted(folder: str) -> None:
    size = REQUEST_HEADER_BYTES + 20 + 100
    limits = spool.Limits(size_bytes=3 * size)
    for number in range(1, 6):
        spool.write_entry(folder, header(number), b"x" * 100, limits=limits)

    assert [number for number, _ in read_all(folder)] == [3, 4, 5]
    assert spool.count_losses(folder).dropped == 2


def test_an_entry_larger_than_the_whole_spool_drops_nothing_for_its_sake(folder: str) -> None:
    limits = spool.Limits(size_bytes=1000)
    spool.write_entry(folder, header(1), b"", limits=limits)

    with pytest.raises(spool.SpoolRefusedError, match="the whole spool may have 1000"):
        spool.write_entry(folder, header(2), b"x" * 1000, limits=limits)

    assert [number for number, _ in read_all(folder)] == [1]


def test_entries_that_were_set_aside_are_not_read_and_make_room_in_their_turn(folder: str) -> None:
    limits = spool.Limits(count=2)
    aside = spool.set_aside(folder, spool.write_entry(folder, header(1), b"", limits=limits))
    spool.write_entry(folder, header(2), b"", limits=limits)

    assert [number for number, _ in read_all(folder)] == [2]
    assert (Path(folder) / aside).exists()

    spool.write_entry(folder, header(3), b"", limits=limits)

    assert not (Path(folder) / aside).exists()


def test_losses_are_counted_by_many_writers_at_once(folder: str) -> None:
    limits = spool.Limits(count=1)

    def write(first: int) -> None:
        for number in range(first, first + 25):
            spool.write_entry(folder, header(number), b"", limits=limits, bare=True)

    threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 100, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    left = len(spool.list_entries(folder))
    assert spool.count_losses(folder).dropped + left == 100
    assert spool.count_losses(folder).bare == 100


def test_removing_an_entry_twice_is_no_error(folder: str) -> None:
    name = spool.write_entry(folder, header(1), b"")

    spool.remove_entry(folder, name)
    spool.remove_entry(folder, name)

    assert spool.list_entries(folder) == []


def test_a_spool_that_was_never_made_is_an_empty_one(folder: str) -> None:
    assert spool.list_entries(folder) == []
    assert spool.count_losses(folder).dropped == 0
    assert spool.remove_unfinished(folder, older_than_s=0, now_s=0) == 0


def test_what_a_killed_writer_left_is_swept_once_it_is_old(folder: str) -> None:
    spool.write_entry(folder, header(1), b"")
    left = Path(folder) / ".x-99.part"
    left.write_bytes(b"half")
    written_s = left.stat().st_mtime

    young = spool.remove_unfinished(folder, older_than_s=60, now_s=written_s + 59)
    old = spool.remove_unfinished(folder, older_than_s=60, now_s=written_s + 61)

    assert (young, old) == (0, 1)
    assert len(spool.list_entries(folder)) == 1


def test_a_write_that_fails_leaves_nothing(folder: str) -> None:
    spool.write_entry(folder, header(1), b"")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        spool.write_entry(folder, header(2), b"", sync=full)

    assert [path.name for path in Path(folder).iterdir()] == spool.list_entries(folder)
    assert len(spool.list_entries(folder)) == 1


def test_a_file_is_synced_before_it_gets_its_name_and_the_folder_after(folder: str) -> None:
    seen: list[tuple[bool, int]] = []

    def sync(descriptor: int) -> None:
        seen.append((Path(f"/proc/self/fd/{descriptor}").is_dir(), len(spool.list_entries(folder))))

    spool.write_entry(folder, header(1), b"body", sync=sync)

    assert seen == [(False, 0), (True, 1)]


def test_a_header_of_another_length_is_refused(folder: str) -> None:
    with pytest.raises(spool.SpoolError, match="32 bytes, this one 3"):
        spool.write_entry(folder, b"abc", b"")


def test_the_header_it_assumes_is_that_of_the_envelope() -> None:
    assert spool._HEADER_BYTES == REQUEST_HEADER_BYTES
