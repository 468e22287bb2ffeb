from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.storage.compression import TextPacker, unpack
from reasoningbank_daemon.storage.diffs import compare

LINES = st.lists(st.sampled_from(("a", "b", "c", "", "  x", "-", "+", "@@")), max_size=25)


def _apply(before: list[str], diff: list[str]) -> list[str]:
    """Apply a unified diff; fails where a line that must be there is not."""
    result: list[str] = []
    position = 0
    for line in diff:
        if header := re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line):
            start = int(header[1]) - (0 if header[2] == "0" else 1)
            result += before[position:start]
            position = start
        elif line[0] == "+":
            result.append(line[1:])
        else:
            assert before[position] == line[1:]
            if line[0] == " ":
                result.append(line[1:])
            position += 1
    return result + before[position:]


@given(LINES, LINES)
def test_applying_a_diff_to_the_old_text_gives_the_new_one(before: list[str], after: list[str]) -> None:
    assert _apply(before, compare(before, after)) == after


@given(st.text(max_size=2000) | st.text(alphabet="ab \n", min_size=100, max_size=3000))
def test_unpacking_gives_back_what_was_packed(text: str) -> None:
    assert unpack(TextPacker().pack(text)) == text
