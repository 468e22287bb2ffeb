from __future__ import annotations

import json

import pytest

from reasoningbank_daemon.storage.compression import DamagedTextError, TextPacker, unpack
from reasoningbank_daemon.storage.diffs import compare, describe_edit
from reasoningbank_daemon.storage.scrubbing import MARGIN_CHARS, Scrubber, without_injected
from reasoningbank_schema.events import FileEdited, Hunk, Origin
from reasoningbank_schema.redaction import redact

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
ORIGIN = Origin(host="h", session_id="s", at_ns=1)


@pytest.fixture
def scrubber() -> Scrubber:
    return Scrubber(lambda text: redact(text).text)


def test_a_damaged_frame_is_named_and_not_returned() -> None:
    packed = TextPacker().pack("the same words again and again " * 20)
    assert isinstance(packed, bytes)
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 0x10

    with pytest.raises(DamagedTextError, match="can't be read"):
        unpack(bytes(flipped))


def test_a_secret_whose_beginning_is_cut_off_is_still_removed(scrubber: Scrubber) -> None:
    text = "x " * 3000 + SECRET + " end"

    kept = scrubber.tail(text, 20)

    assert SECRET[-10:] not in kept
    assert "characters cut" in kept


def test_a_secret_across_the_cut_of_a_beginning_is_removed(scrubber: Scrubber) -> None:
    text = "y" * 90 + " " + SECRET + " " + "z" * (2 * MARGIN_CHARS)

    kept = scrubber.head(text, 100)

    assert "ghp_" not in kept
    assert kept.startswith("y" * 90)


def test_injected_paragraphs_go_and_the_rest_stays() -> None:
    text = "before\n\n[ReasoningBank] fact one\nfact two\n\nafter\n\n[ReasoningBank] more"

    assert without_injected(text) == "before\n\nafter\n\n"


def test_a_private_key_is_removed_from_an_edit_that_shows_only_its_middle(scrubber: Scrubber) -> None:
    body = [
        f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC{number:02d}abcdEFGH" for number in range(20)
    ]
    key = ["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----"]
    after = "\n".join(["import os", *key, "x = 1", ""])
    middle = Hunk(
        old_start=8,
        old_lines=1,
        new_start=8,
        new_lines=1,
        lines=(f" {body[5]}", f"-{body[6]}x", f"+{body[6]}"),
    )
    edit = FileEdited(
        origin=ORIGIN,
        tool="Edit",
        path="k.py",
        before=after.replace(body[6], body[6] + "x"),
        after=after,
        patch=(middle,),
    )

    diff = describe_edit(edit, scrubber)

    assert not any(line[:40] in diff for line in body)


def test_a_hosts_hunks_are_kept_with_one_line_of_context(scrubber: Scrubber) -> None:
    hunk = Hunk(
        old_start=10,
        old_lines=7,
        new_start=10,
        new_lines=7,
        lines=(" a", " b", " c", "-old", "+new", " d", " e", " f"),
    )

    diff = describe_edit(FileEdited(origin=ORIGIN, tool="Edit", path="p", patch=(hunk,)), scrubber)

    assert diff == "@@ -12,3 +12,3 @@\n c\n-old\n+new\n d"


def test_a_new_file_is_all_added_lines(scrubber: Scrubber) -> None:
    edit = FileEdited(origin=ORIGIN, tool="Write", path="p", after="a\nb\n", created=True)

    assert describe_edit(edit, scrubber) == "@@ -0,0 +1,2 @@\n+a\n+b"


def test_an_edit_without_texts_has_no_diff(scrubber: Scrubber) -> None:
    assert describe_edit(FileEdited(origin=ORIGIN, tool="Edit", path="p"), scrubber) == ""


def test_large_changes_are_bounded_in_time_and_size(scrubber: Scrubber) -> None:
    before = "\n".join(f"old {number % 7}" for number in range(20_000))
    after = "\n".join(f"new {number % 5}" for number in range(20_000))

    diff = describe_edit(
        FileEdited(origin=ORIGIN, tool="Write", path="p", before=before, after=after), scrubber
    )

    assert diff.startswith("@@ -1,20000 +1,20000 @@")
    assert len(diff) < 13_000


def test_line_numbers_count_the_lines_that_were_skipped() -> None:
    before = [f"line {number}" for number in range(100)]
    after = [*before[:50], "inserted", *before[50:]]

    assert compare(before, after) == ["@@ -50,2 +50,3 @@", " line 49", "+inserted", " line 50"]


@pytest.mark.parametrize("quoted", ["", 'said "so"'])
def test_a_secret_in_json_values_is_removed_wherever_it_stands(scrubber: Scrubber, quoted: str) -> None:
    values = {"inputs": {SECRET: [1.25, {"model": SECRET, "note": quoted}]}, "told": (SECRET,)}

    cleaned = scrubber.json(values)

    assert SECRET not in cleaned
    assert json.loads(cleaned)["inputs"]["[redacted:github-token]"][0] == 1.25


def test_json_values_without_secrets_are_kept_as_they_are(scrubber: Scrubber) -> None:
    values = {"likeness": 0.123456789012345678, "model": "claude-opus-5-5", "note": 'a "quoted" text'}

    cleaned = scrubber.json(values)

    assert json.loads(cleaned) == values
