"""Whatever is repeated in a pasted text, reading it ends: no pattern may take quadratic time."""

from __future__ import annotations

import pytest

from reasoningbank_daemon.learning.check_output import read_output
from reasoningbank_daemon.learning.experience import without_injected
from reasoningbank_daemon.learning.features import describe
from reasoningbank_daemon.learning.goals import OpenGoal, continues
from reasoningbank_daemon.learning.reactions import read_reaction
from reasoningbank_daemon.learning.shell import simple_commands
from reasoningbank_daemon.learning.steps import changes_files
from reasoningbank_daemon.learning.trajectory import Step, StepKind

REPEATED = [
    "\n", " ", "\t", " \n", "a", "a ", "a.", "a/", "-", "=", "_", "aA", "`", "'", '"', "\\", "( ", "| ", "& ", "<<E\n", "> ", "$?",
    "1 passed, ", "1 failed, ", "Tests: ", "Found 1 ", "x.go:1:1", "ok, ", "now ", "please ", "the ", "not ", "still ", "unit ",
    "[ReasoningBank] ", "[ReasoningBank]\n\n", "python -m ", "bash -c ", "A=1 ", "sed -i ", "cat ", "git ",
]  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("unit", REPEATED)
def test_a_text_of_one_thing_repeated_is_read_to_its_end(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    goal = OpenGoal(goal=text, last_prompt=text, last_event_ns=0, files=(text,), last_message=text)

    read_output("any", text)
    read_reaction(text)
    simple_commands(text)
    describe(text, [text])
    changes_files(Step(kind=StepKind.COMMAND, at_ns=0, command=text))
    cleaned = without_injected(text)
    decision = continues(text, goal, now_ns=1)

    assert len(cleaned) <= len(text)
    assert decision.rule
