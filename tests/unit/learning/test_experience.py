from __future__ import annotations

import msgspec

from reasoningbank_daemon.learning.experience import MAX_CHARS, document_text, tell, without_injected
from reasoningbank_daemon.learning.outcome import gather, judge
from reasoningbank_daemon.learning.trajectory import Lesson, Step, StepKind, Trajectory, Turn
from reasoningbank_schema.advice import INJECTED_OPEN


def edit(at: int, path: str, verdict: str | None = None) -> Step:
    return Step(kind=StepKind.EDIT, at_ns=at, path=path, ok=True, verdict=verdict)


def command(at: int, line: str, status: int | None, output: str = "") -> Step:
    return Step(kind=StepKind.COMMAND, at_ns=at, command=line, exit_status=status, output=output)


def task(
    *steps: Step, goal: str = "Fix the crash on an empty config file", more: tuple[Turn, ...] = ()
) -> Trajectory:
    first = Turn(prompt=goal, started_ns=0, ended_ns=500)
    return Trajectory(
        task_id=1,
        goal=goal,
        project_id=1,
        host="claude-code",
        started_ns=0,
        turns=(first, *more),
        steps=steps,
    )


def told(trajectory: Trajectory) -> Lesson | None:
    return tell(trajectory, judge(gather(trajectory)))


SOLVED = (
    command(1, "pytest tests/test_config.py", 1, "E   KeyError: 'name'\n1 failed, 3 passed in 0.2s"),
    edit(2, "src/config.py"),
    edit(3, "src/defaults.py"),
    command(4, "pytest tests/test_config.py", 0, "4 passed in 0.2s"),
)


def test_a_solved_task_tells_what_failed_what_resolved_it_and_what_verified_it() -> None:
    lesson = told(task(*SOLVED))

    assert lesson is not None
    assert lesson.title == "Fix the crash on an empty config file"
    assert lesson.text.splitlines() == [
        'Asked: "Fix the crash on an empty config file".',
        "Changed: src/config.py, src/defaults.py.",
        (
            "Failed first: `pytest tests/test_config.py` (exit status 1), \"E KeyError: 'name'\", "
            '"1 failed, 3 passed in 0.2s"; it succeeded after changes to src/config.py, src/defaults.py.'
        ),
        "Last check: `pytest tests/test_config.py` passed (exit status 0: 4 passed in 0.2s).",
        "Ended in success (probability of success 0.90: pytest passed (exit status 0: 4 passed in 0.2s)).",
    ]


def test_a_prompt_that_ends_with_a_mark_of_its_own_gets_no_second_one() -> None:
    lesson = told(task(*SOLVED, goal="Why does it crash?"))

    assert lesson is not None
    assert lesson.text.splitlines()[0] == 'Asked: "Why does it crash?"'


def test_files_are_named_as_seen_from_the_sessions_folder() -> None:
    steps = (edit(1, "/home/me/shop/src/config.py"), edit(2, "/home/me/shop-old/a.py"), edit(3, "/etc/hosts"))

    lesson = told(msgspec.structs.replace(task(*steps), folder="/home/me/shop"))

    assert lesson is not None
    assert "Changed: src/config.py, /home/me/shop-old/a.py, /etc/hosts." in lesson.text.splitlines()


def test_a_failed_task_is_told_too() -> None:
    lesson = told(task(edit(1, "a.py", verdict="broken"), command(2, "pytest", 1, "2 failed in 0.1s")))

    assert lesson is not None
    assert "Ended in failure" in lesson.text
    assert "Edit verdicts left open: a.py (broken)." in lesson.text


def test_a_change_without_evidence_is_told_as_not_known() -> None:
    lesson = told(task(edit(1, "a.py")))

    assert lesson is not None
    assert "How it ended is not known: no evidence." in lesson.text


def test_a_command_that_was_resolved_by_another_one_names_it() -> None:
    lesson = told(
        task(
            command(1, "npm run e2e", 1, "Error: browser not found"),
            command(2, "npx playwright install", 0),
            command(3, "npm run e2e", 0),
        )
    )

    assert lesson is not None
    assert '"Error: browser not found"; it succeeded after `npx playwright install`.' in lesson.text


def test_a_task_without_steps_has_nothing_to_tell() -> None:
    assert told(task()) is None


def test_a_question_has_nothing_to_tell() -> None:
    looked = (command(1, "grep -rn cache src", 0), Step(kind=StepKind.TOOL, at_ns=2, tool="Read", ok=True))

    assert told(task(*looked, goal="How does the cache work?")) is None


def test_the_last_words_of_the_user_are_quoted() -> None:
    later = Turn(prompt="no, it must warn as well", started_ns=10, ended_ns=20)

    lesson = told(task(*SOLVED, more=(later,)))

    assert lesson is not None
    assert 'Last said on it: "no, it must warn as well".' in lesson.text


def test_a_lesson_never_exceeds_its_length() -> None:
    steps = [edit(at, f"src/{'deep/' * 40}file_{at}.py", verdict="worse") for at in range(40)]
    steps += [
        command(100 + at, f"pytest {'-k x ' * 200} {at}", at % 2, "E   " + "y" * 5_000) for at in range(9)
    ]

    lesson = told(task(*steps, goal="g " * 9_000))

    assert lesson is not None
    assert len(lesson.text) <= MAX_CHARS
    assert len(lesson.title) <= 100
    assert "\n" not in lesson.title


def test_text_that_was_injected_is_not_told_again() -> None:
    goal = f"Fix the crash\n{INJECTED_OPEN} From an earlier task: secret lesson\nmore of it\n\nin the parser"
    more = (Turn(prompt=f"{INJECTED_OPEN} an old lesson", started_ns=5, ended_ns=9),)
    trajectory = task(*SOLVED, goal=goal, more=more)

    lesson = told(trajectory)

    assert lesson is not None
    assert lesson.title == "Fix the crash in the parser"
    for text in (lesson.text, document_text(trajectory, lesson)):
        assert INJECTED_OPEN not in text
        assert "lesson" not in text


def test_a_goal_that_is_only_injected_text_tells_nothing() -> None:
    assert told(task(*SOLVED, goal=f"{INJECTED_OPEN} From an earlier task: x")) is None


def test_the_document_holds_goal_prompts_paths_commands_and_lesson_once() -> None:
    trajectory = task(*SOLVED)
    lesson = told(trajectory)
    assert lesson is not None

    lines = document_text(trajectory, lesson).splitlines()

    assert lines[:4] == [
        "Fix the crash on an empty config file",
        "src/config.py",
        "src/defaults.py",
        "pytest tests/test_config.py",
    ]
    assert len(lines) == len(set(lines))


def test_text_without_the_mark_stays_as_it_is() -> None:
    assert without_injected("plain [Reasoning] text\n\nmore") == "plain [Reasoning] text\n\nmore"
