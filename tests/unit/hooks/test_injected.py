"""Text that a hook put before a model is never taken for the user's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_hooks.hosts.base import framed
from reasoningbank_hooks.hosts.injected import without_injected


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("fix the test", "fix the test"),
        (
            "<hook_context>GM-SS</hook_context>\n\nfix the test<hook_context>GM-BA</hook_context>",
            "fix the test",
        ),
        ("UserPromptSubmit hook additional context: 12 tasks\nmore of it\n\nfix the test", "fix the test"),
        ("PostToolUse:Edit hook additional context: [ReasoningBank] eval()", ""),
        ("<system-reminder>\nSessionStart hook additional context: x\n</system-reminder>\n\nfix", "fix"),
        ("fix\n\n[ReasoningBank] It failed.\nTwice.\n\nand the docs", "fix\n\n\n\nand the docs"),
        ("what does [ReasoningBank] print?", "what does [ReasoningBank] print?"),
        (
            "why is there a hook additional context: in the log?",
            "why is there a hook additional context: in the log?",
        ),
        ("", ""),
    ],
)
def test_injected_blocks_go_and_the_users_words_stay(text: str, kept: str) -> None:
    assert without_injected(text) == kept


@given(
    context=st.text(min_size=1),
    before=st.text(alphabet="abc ", min_size=1).map(str.strip),
    after=st.text(alphabet="abc ", min_size=1).map(str.strip),
)
def test_whatever_is_framed_is_recognised_whole(context: str, before: str, after: str) -> None:
    text = f"{before}\n\n{framed(context)}\n\n{after}"

    assert without_injected(text).split() == [*before.split(), *after.split()]


@given(context=st.text())
def test_framing_twice_changes_nothing(context: str) -> None:
    assert framed(framed(context)) == framed(context)
