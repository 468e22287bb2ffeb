"""Unified diffs and Codex patches."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_hooks.hosts.patches import parse_apply_patch, parse_unified_diff
from reasoningbank_schema.events import Hunk

lines = st.lists(st.text(alphabet="ab-+@ \\", max_size=4), max_size=12)


def applied(before: list[str], hunks: tuple[Hunk, ...]) -> list[str]:
    """Apply hunks to lines, strictly."""
    after = list(before)
    shift = 0
    for hunk in hunks:
        start = hunk.old_start - 1 + shift if hunk.old_lines else hunk.old_start + shift
        old = [line[1:] for line in hunk.lines if line[0] in " -"]
        new = [line[1:] for line in hunk.lines if line[0] in " +"]
        assert after[start : start + len(old)] == old
        after[start : start + len(old)] = new
        shift += len(new) - len(old)
    return after


@given(before=lines, after=lines, context=st.integers(0, 3))
def test_a_parsed_diff_leads_from_one_text_to_the_other(
    before: list[str], after: list[str], context: int
) -> None:
    diff = "\n".join(difflib.unified_diff(before, after, "a", "b", lineterm="", n=context))

    assert applied(before, parse_unified_diff(diff)) == after


def test_a_missing_newline_at_the_end_is_no_line_of_its_own() -> None:
    diff = "--- a\n+++ b\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n"

    assert parse_unified_diff(diff)[0].lines == ("-x", "+y")


def test_a_diff_that_was_cut_off_gives_what_there_is() -> None:
    assert parse_unified_diff("@@ -1,5 +1,5 @@\n a\n-b")[0].lines == (" a", "-b")


def test_text_that_is_no_patch_has_no_files() -> None:
    assert parse_apply_patch("echo hello") == ()
    assert parse_apply_patch("") == ()


def test_a_patch_in_a_shell_document_is_found() -> None:
    text = "apply_patch <<'EOF'\n*** Begin Patch\n*** Delete File: a b.py\n*** End Patch\nEOF\n"

    [file] = parse_apply_patch(text)

    assert (file.path, file.deleted) == ("a b.py", True)


def test_the_end_of_file_mark_belongs_to_the_hunk() -> None:
    text = "*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n*** End of File\n*** End Patch"

    [file] = parse_apply_patch(text)

    assert file.hunks[0].lines == ("-x", "+y")


def test_a_patch_that_was_cut_off_keeps_its_last_file() -> None:
    [file] = parse_apply_patch("*** Begin Patch\n*** Add File: a\n+x")

    assert (file.path, file.after) == ("a", "x\n")
