from __future__ import annotations

import hashlib

from reasoningbank_daemon.quality.edit import content_sha256, readable_text


def test_digest_is_that_of_the_bytes_on_disk() -> None:
    data = b"x = '\xff\xfe'\r\n"

    digest = content_sha256(data.decode("utf-8", "surrogateescape"))

    assert digest == hashlib.sha256(data).hexdigest()


def test_digest_exists_for_a_surrogate_that_no_byte_maps_to() -> None:
    assert content_sha256("\ud800") != content_sha256("\ud801")


def test_readable_text_has_one_kind_of_line_end_and_the_same_lines() -> None:
    assert readable_text("a\r\nb\rc\nd") == "a\nb\nc\nd"


def test_readable_text_loses_the_byte_order_mark() -> None:
    assert readable_text("\ufeffx = 1\n") == "x = 1\n"


def test_lone_surrogate_becomes_one_character_so_columns_hold() -> None:
    assert readable_text("é\udcff = 1") == "é\ufffd = 1"
