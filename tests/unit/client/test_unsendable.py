"""What the protocol has no form for is said before anything is sent, whichever argument of whichever call holds it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reasoningbank_client import AsyncReasoningBank, ReasoningBank, UnsendableError
from reasoningbank_schema.envelope import Stored
from reasoningbank_schema.messages import Rating
from reasoningbank_schema.paths import Paths, resolve_paths

CALLS = (
    "start_session", "end_session", "pre_task", "post_edit", "post_command", "post_task", "feedback", "remember",
    "hook_event", "recall",
)  # fmt: skip
VALUES: dict[str, Any] = {
    "str": "a", "str | None": "a", "tuple[str, ...]": ("a", "b"), "int": 1, "int | None": 1, "bool | None": True,
    "bytes": b"{}", "Rating": Rating.GOOD,
}  # fmt: skip


def arguments_of(call: str) -> dict[str, str]:
    """Return the type of each argument that a call sends."""
    parameters = inspect.signature(getattr(ReasoningBank, call)).parameters.values()
    return {
        each.name: str(each.annotation)
        for each in parameters
        if each.name != "self" and each.kind is not inspect.Parameter.VAR_KEYWORD
    }


TEXTS = [
    (call, name)
    for call in CALLS
    for name, kind in arguments_of(call).items()
    if kind in {"str", "str | None", "tuple[str, ...]"}
]
NUMBERS = [(call, name) for call in CALLS for name, kind in arguments_of(call).items() if "int" in kind]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Where no daemon listens: a request that is sent meets another error."""
    return resolve_paths({"RB_HOME": str(tmp_path)}, home=tmp_path)


@pytest.fixture
def bank(paths: Paths) -> Iterator[ReasoningBank]:
    with ReasoningBank(paths, spool=True) as bank:
        yield bank


def values_for(call: str, *, bad: str, value: object) -> dict[str, object]:
    given = {name: VALUES[kind] for name, kind in arguments_of(call).items()}
    return given | {bad: ("a", value) if isinstance(given[bad], tuple) else value}


@pytest.mark.parametrize(("call", "name"), TEXTS)
def test_text_with_half_a_surrogate_pair_is_named_with_its_place(
    bank: ReasoningBank, paths: Paths, call: str, name: str
) -> None:
    with pytest.raises(UnsendableError, match=f"'{name}' is not Unicode: character 3 .* U\\+D800") as raised:
        getattr(bank, call)(**values_for(call, bad=name, value="ab\ud800"))

    assert raised.value.stored is Stored.REFUSED
    assert raised.value.spooled is None
    assert not paths.spool.exists()


@pytest.mark.parametrize(("call", "name"), NUMBERS)
def test_number_beyond_64_bits_is_named(bank: ReasoningBank, call: str, name: str) -> None:
    with pytest.raises(UnsendableError, match=f"'{name}' has more than 64 bits"):
        getattr(bank, call)(**values_for(call, bad=name, value=2**64))


def test_name_of_the_program_itself_is_looked_at_too(paths: Paths) -> None:
    with (
        ReasoningBank(paths, agent="\udcff") as bank,
        pytest.raises(UnsendableError, match="'agent' is not Unicode"),
    ):
        bank.post_task("s")


def test_rating_that_there_is_not_is_answered_with_those_that_there_are(bank: ReasoningBank) -> None:
    with pytest.raises(
        ValueError, match="'great' is no rating; there are: helped, misled, false_alarm, good, bad"
    ):
        bank.feedback("great", session="s")  # type: ignore[arg-type]  # what a program in a hurry writes


def test_async_client_says_the_same(paths: Paths) -> None:
    async def ask() -> None:
        async with AsyncReasoningBank(paths) as bank:
            await bank.post_edit("s", "a.py", after="\ud800")

    with pytest.raises(UnsendableError, match="'after' is not Unicode: character 1 "):
        asyncio.run(ask())
