"""Invariants of the rules that work on one task: no input raises, order changes nothing, more never means less."""

from __future__ import annotations

import math
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.learning.checks import checks_in
from reasoningbank_daemon.learning.experience import MAX_CHARS, document_text, tell
from reasoningbank_daemon.learning.features import describe
from reasoningbank_daemon.learning.goals import OpenGoal, continues
from reasoningbank_daemon.learning.outcome import gather, judge, next_prompt_evidence
from reasoningbank_daemon.learning.shell import simple_commands
from reasoningbank_daemon.learning.strategies import strategy_of
from reasoningbank_daemon.learning.trajectory import (
    Evidence,
    EvidenceKind,
    Label,
    Step,
    StepKind,
    Trajectory,
    Turn,
)
from reasoningbank_daemon.learning.transcripts import parse_lines
from reasoningbank_schema.advice import INJECTED_OPEN

TIMES = st.integers(min_value=0, max_value=50)
SHELL_WORDS = st.sampled_from(
    ["pytest", "-q", "&&", "||", "|", ";", "&", "cd", "x", "'a b'", '"', "'", "true", "tail", "$?", "echo", "!", "if", "\n", "(", ")",
     "npm", "test", "run", "make", "ruff", "check", "uv", "bash", "-c", "<<EOF", ">", "2>&1", "sed", "-i", "git", "exit", "\\"]
)  # fmt: skip
LINES = st.one_of(st.text(max_size=80), st.lists(SHELL_WORDS, max_size=14).map(" ".join))
OUTPUTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "1 failed, 2 passed in 0.1s",
                "3 passed in 0.2s",
                "BUILD FAILED",
                "OK",
                "error: x",
                "\x1b[31m",
                "FAIL",
                "Ran 0 tests",
            ]
        ),
        max_size=5,
    ).map("\n".join),
)
PROMPTS = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            ["no", "still", "fails", "thanks", "works", "revert", "that", "now", "fix", "the", "test", "src/a.py", "`x`", "?", "\n",
             "Traceback", "never mind", "add", "a", "button", "next task:", INJECTED_OPEN]
        ),
        max_size=25,
    ).map(" ".join),
)  # fmt: skip
STEPS = st.builds(
    Step,
    kind=st.sampled_from(StepKind),
    at_ns=TIMES,
    ok=st.sampled_from([None, True, False]),
    tool=st.sampled_from(["", "Read", "Write", "mcp__x"]),
    path=st.sampled_from(["", "src/a.py", "tests/test_a.py", "README.md"]),
    command=LINES,
    exit_status=st.sampled_from([None, 0, 1, 2, 127]),
    output=OUTPUTS,
    interrupted=st.booleans(),
    verdict=st.sampled_from([None, "broken", "worse", "same", "better", "unheard-of"]),
)
TURNS = st.builds(
    Turn,
    prompt=PROMPTS,
    started_ns=TIMES,
    ended_ns=st.one_of(st.none(), TIMES),
    last_message=st.text(max_size=20),
    error=st.sampled_from([None, "rate_limit", "interrupt"]),
)
VALUES = st.floats(allow_nan=True, allow_infinity=True)
EVIDENCE = st.builds(
    Evidence, kind=st.sampled_from(EvidenceKind), at_ns=TIMES, value=VALUES, detail=st.text(max_size=5)
)
TRAJECTORIES = st.builds(
    Trajectory,
    task_id=st.just(1),
    goal=PROMPTS,
    project_id=st.just(1),
    host=st.just("claude-code"),
    started_ns=st.just(0),
    ended_ns=st.one_of(st.none(), TIMES),
    closed_by=st.sampled_from([None, "session_end", "idle"]),
    turns=st.lists(TURNS, max_size=4).map(tuple),
    steps=st.lists(STEPS, max_size=8).map(tuple),
    stated=st.lists(EVIDENCE, max_size=3).map(tuple),
)


@given(TRAJECTORIES)
def test_judging_any_task_is_finite_repeatable_and_leaves_it_untouched(trajectory: Trajectory) -> None:
    before = msgspec.msgpack.encode(trajectory)

    first = judge(gather(trajectory))
    second = judge(gather(trajectory))

    assert first == second
    assert msgspec.msgpack.encode(trajectory) == before
    assert first.probability is None or 0.0 < first.probability < 1.0
    assert (first.probability is None) == (not first.evidence)


@given(TRAJECTORIES)
def test_no_task_succeeds_without_positive_evidence(trajectory: Trajectory) -> None:
    judgement = judge(gather(trajectory))

    if judgement.label is Label.SUCCESS:
        assert any(item.value > 0 for item in judgement.evidence)


@given(st.lists(EVIDENCE, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_evidence_changes_nothing(evidence: list[Evidence], random: Random) -> None:
    shuffled = list(evidence)
    random.shuffle(shuffled)

    first, second = judge(evidence), judge(shuffled)

    assert (first.label, first.probability) == (second.label, second.probability)


@given(st.lists(EVIDENCE, min_size=1, max_size=8), st.data())
def test_raising_a_value_never_lowers_the_probability(evidence: list[Evidence], data: st.DataObject) -> None:
    position = data.draw(st.integers(min_value=0, max_value=len(evidence) - 1))
    lower = evidence[position].value
    raised = data.draw(
        st.floats(min_value=-1, max_value=1).filter(lambda value: math.isnan(lower) or value >= lower)
    )
    higher = [*evidence]
    higher[position] = msgspec.structs.replace(evidence[position], value=raised)

    before, after = judge(evidence).probability, judge(higher).probability

    if before is not None and after is not None and not math.isnan(lower):
        assert after >= before - 1e-12


@given(st.lists(EVIDENCE, max_size=6), st.floats(min_value=0.01, max_value=1.0), TIMES)
def test_more_evidence_for_success_never_lowers_it(
    evidence: list[Evidence], value: float, at_ns: int
) -> None:
    addable = [kind for kind in EvidenceKind if kind not in {EvidenceKind.FEEDBACK, EvidenceKind.STATEMENT}]
    before = judge(evidence).probability

    for kind in addable:
        after = judge([*evidence, Evidence(kind=kind, at_ns=at_ns, value=value)]).probability

        assert after is not None
        assert before is None or after >= before - 1e-12


@given(TRAJECTORIES)
def test_a_lesson_is_bounded_and_never_holds_injected_text(trajectory: Trajectory) -> None:
    lesson = tell(trajectory, judge(gather(trajectory)))

    if lesson is not None:
        assert 0 < len(lesson.text) <= MAX_CHARS
        assert lesson.title.strip()
        assert INJECTED_OPEN not in lesson.title + lesson.text
        assert INJECTED_OPEN not in document_text(trajectory, lesson)


@given(
    PROMPTS, PROMPTS, st.lists(st.text(max_size=20), max_size=4), st.integers(min_value=0, max_value=10**13)
)
def test_joining_is_repeatable_and_names_a_rule(
    prompt: str, goal: str, files: list[str], now_ns: int
) -> None:
    task = OpenGoal(goal=goal, last_prompt=goal, last_event_ns=0, files=tuple(files))

    first = continues(prompt, task, now_ns=now_ns)

    assert first == continues(prompt, task, now_ns=now_ns)
    assert first.rule


@given(prompt=PROMPTS, joins=st.booleans())
def test_a_reaction_is_a_value_between_minus_one_and_one(prompt: str, *, joins: bool) -> None:
    evidence = next_prompt_evidence(prompt, 1, joins=joins)

    assert evidence is None or (-1.0 <= evidence.value <= 1.0 and evidence.value != 0.0)


@given(LINES, st.sampled_from([None, 0, 1]), OUTPUTS)
def test_a_check_is_only_judged_from_its_status_or_its_output(
    line: str, status: int | None, output: str
) -> None:
    for check in checks_in(line, exit_status=status, output=output):
        assert check.passed is None or check.basis == "its output" or check.basis.startswith("exit status")


@given(LINES)
def test_any_line_is_taken_apart(line: str) -> None:
    for command in simple_commands(line):
        assert command.program == command.words[0]


@given(st.lists(STEPS, max_size=10, unique_by=lambda step: step.at_ns))
def test_a_strategy_follows_from_the_times_of_the_steps_not_from_their_order(steps: list[Step]) -> None:
    assert strategy_of(steps) is strategy_of(list(reversed(steps)))


@given(PROMPTS, st.lists(st.text(max_size=20), max_size=4))
def test_every_prompt_has_a_kind(prompt: str, paths: list[str]) -> None:
    assert describe(prompt, paths) == describe(prompt, list(reversed(paths)))


@given(st.binary(max_size=400), st.integers(min_value=0, max_value=10**12))
def test_any_bytes_are_read_as_a_transcript_up_to_their_last_line(chunk: bytes, offset: int) -> None:
    usages, reached = parse_lines(chunk, offset)

    assert reached == offset + chunk.rfind(b"\n") + 1
    assert len({usage.message_id for usage in usages}) == len(usages)
