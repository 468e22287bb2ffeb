"""What Claude Code gets to read, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reasoningbank_hooks.hosts import HOSTS
from reasoningbank_schema.advice import SILENCE, Advice
from reasoningbank_schema.events import AgentEvent

FOLDER = Path(__file__).parents[2] / "fixtures" / "agents" / "claude-code"
HOST = HOSTS["claude-code"]
FULL = Advice(context="It failed.", user_message="haiku did this better", subagent_model="haiku")


def recorded(name: str) -> tuple[str, AgentEvent]:
    event = name.partition(".")[0]
    return event, HOST.decode(event, (FOLDER / name).read_bytes(), 1)


def requested(**tool_input: object) -> AgentEvent:
    payload = {"session_id": "s", "tool_name": "Agent", "tool_use_id": "t", "tool_input": tool_input}
    return HOST.decode("PreToolUse", json.dumps(payload).encode(), 1)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        (
            "UserPromptSubmit.json",
            (
                b'{"systemMessage":"haiku did this better","hookSpecificOutput":{"hookEventName":"UserPromptSubmit",'
                b'"additionalContext":"[ReasoningBank] It failed."}}'
            ),
        ),
        (
            "SessionStart.startup.json",
            (
                b'{"systemMessage":"haiku did this better","hookSpecificOutput":{"hookEventName":"SessionStart",'
                b'"additionalContext":"[ReasoningBank] It failed."}}'
            ),
        ),
        (
            "PostToolUse.Edit.json",
            (
                b'{"systemMessage":"haiku did this better","hookSpecificOutput":{"hookEventName":"PostToolUse",'
                b'"additionalContext":"[ReasoningBank] It failed."}}'
            ),
        ),
        (
            "PostToolUseFailure.Bash.json",
            (
                b'{"systemMessage":"haiku did this better","hookSpecificOutput":{"hookEventName":"PostToolUseFailure",'
                b'"additionalContext":"[ReasoningBank] It failed."}}'
            ),
        ),
        # In context, Stop would make the agent go on; a message to the person does not.
        ("Stop.json", b'{"systemMessage":"haiku did this better"}'),
        ("SubagentStop.json", b'{"systemMessage":"haiku did this better"}'),
        ("SessionEnd.other.json", b""),
        ("StopFailure.json", b""),
    ],
)
def test_full_advice_takes_the_form_of_the_event(name: str, printed: bytes) -> None:
    event, origin_event = recorded(name)

    assert HOST.render(event, FULL, origin_event) == printed


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("[A-Z]*.json")))
def test_nothing_to_say_prints_nothing(name: str) -> None:
    event, origin_event = recorded(name)

    assert HOST.render(event, SILENCE, origin_event) == b""


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("[A-Z]*.json")))
def test_no_answer_can_block_or_continue_anything(name: str) -> None:
    event, origin_event = recorded(name)

    printed = HOST.render(event, FULL, origin_event)

    answer = json.loads(printed or b"{}")
    assert set(answer) <= {"systemMessage", "hookSpecificOutput"}
    specific = answer.get("hookSpecificOutput", {"hookEventName": event})
    assert set(specific) <= {"hookEventName", "additionalContext", "updatedInput"}
    assert specific["hookEventName"] == event


def test_a_subagents_model_replaces_the_whole_input() -> None:
    event = requested(prompt="look", description="d", run_in_background=False, later_field=[1, 2.5])

    printed = HOST.render("PreToolUse", Advice(subagent_model="haiku"), event)

    assert printed == (
        b'{"hookSpecificOutput":{"hookEventName":"PreToolUse","updatedInput":{"prompt":"look","description":"d",'
        b'"run_in_background":false,"later_field":[1,2.5],"model":"haiku"}}}'
    )


@pytest.mark.parametrize("model", ["sonnet", "opus", "haiku", "fable"])
def test_every_alias_of_the_tool_may_be_set(model: str) -> None:
    printed = HOST.render("PreToolUse", Advice(subagent_model=model), requested(prompt="look"))

    assert json.loads(printed)["hookSpecificOutput"]["updatedInput"]["model"] == model


@pytest.mark.parametrize("model", ["claude-haiku-5-5", "Haiku", "", "gpt-5.5"])
def test_a_name_that_would_fail_the_call_is_not_set(model: str) -> None:
    assert HOST.render("PreToolUse", Advice(subagent_model=model), requested(prompt="look")) == b""


@pytest.mark.parametrize(
    "tool_input",
    [
        {"prompt": "look", "model": "opus"},
        {"prompt": "look", "model": None},
        {"prompt": "look", "subagent_type": "fork"},
    ],
)
def test_a_caller_who_chose_a_model_keeps_it(tool_input: dict[str, object]) -> None:
    assert HOST.render("PreToolUse", Advice(subagent_model="haiku"), requested(**tool_input)) == b""


def test_a_model_is_set_on_subagents_alone() -> None:
    event, origin_event = recorded("PreToolUse.Bash.json")

    assert HOST.render(event, Advice(subagent_model="haiku"), origin_event) == b""


def test_context_is_marked_as_ours_and_has_no_blank_line() -> None:
    event, origin_event = recorded("UserPromptSubmit.json")
    advice = Advice(context="[ReasoningBank] Grüße.\n\n\nIt failed.\n")

    printed = HOST.render(event, advice, origin_event)

    text = json.loads(printed)["hookSpecificOutput"]["additionalContext"]
    assert text == "[ReasoningBank] Grüße.\nIt failed."
    assert "ü".encode() in printed


def test_context_stays_below_the_length_at_which_the_host_cuts_it() -> None:
    event, origin_event = recorded("UserPromptSubmit.json")

    printed = HOST.render(event, Advice(context="x" * 20_000), origin_event)

    assert len(json.loads(printed)["hookSpecificOutput"]["additionalContext"]) == 9_000
