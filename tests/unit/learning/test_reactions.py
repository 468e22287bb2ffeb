from __future__ import annotations

import pytest

from reasoningbank_daemon.learning.reactions import Reaction, read_reaction


@pytest.mark.parametrize(
    "prompt",
    [
        "still fails",
        "no, I meant the other column",
        "that's not what I asked for",
        "it crashes when the list is empty",
        "you forgot the changelog",
        "the tests are failing again",
        "thanks, but it still doesn't compile",
        "hmm now the header overlaps the logo",
        "same error",
        "its not working",
        "wait, not in the migrations",
    ],
)
def test_a_complaint_is_read_as_a_correction(prompt: str) -> None:
    assert read_reaction(prompt).reaction is Reaction.CORRECTS


@pytest.mark.parametrize(
    "prompt",
    ["revert that", "please undo the last change", "roll it back", "ok, undo your changes", "put it back"],
)
def test_taking_back_is_read_as_a_revert(prompt: str) -> None:
    assert read_reaction(prompt).reaction is Reaction.REVERTS


@pytest.mark.parametrize(
    "prompt",
    [
        "thanks, works",
        "perfect!",
        "lgtm",
        "all tests pass now, great work",
        "That fixed it. Next: the footer",
        "commit this",
        "looks good, ship it",
        "hmm ok, works now",
    ],
)
def test_praise_is_read_as_approval(prompt: str) -> None:
    assert read_reaction(prompt).reaction is Reaction.APPROVES


@pytest.mark.parametrize(
    "prompt",
    [
        "add a column for the country",
        "what does this function do?",
        "make sure that it works on windows",
        "does it work on windows?",
        "",
        "write a test",
    ],
)
def test_a_plain_request_says_nothing_about_the_work_before(prompt: str) -> None:
    assert read_reaction(prompt).reaction is Reaction.NONE


def test_a_clear_failure_is_stronger_than_a_hesitation() -> None:
    assert read_reaction("still fails").strength > read_reaction("hmm").strength
