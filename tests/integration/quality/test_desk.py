from __future__ import annotations

import math
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reasoningbank_daemon.quality.desk import Arrival, EditDesk
from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.projects.policies import Policies
from reasoningbank_daemon.quality.projects.policy import STANDARD, Mode, Policy
from reasoningbank_daemon.quality.reviewer import Findings, Review, Reviewer, standard_engines
from reasoningbank_daemon.quality.second_look import SecondLook
from reasoningbank_schema.verdicts import Category, Label, Severity

SESSION = ("claude-code", "s", "")
GOOD = "def f(x):\n    return int(x)\n"
WORSE = "def f(x):\n    return eval(x)\n"
BROKEN = "def f(x:\n    return eval(x)\n"


class CallChecker:
    """A slow engine as ty is: it finds calls of `missing`."""

    name = "calls"
    languages: frozenset[Language] | None = frozenset({Language.PYTHON})

    def analyse(self, document: Document, deadline: float) -> tuple[RawIssue, ...]:
        del deadline
        return tuple(
            RawIssue(
                line=number,
                column=1,
                rule="missing-argument",
                category=Category.TYPES,
                severity=Severity.WARNING,
                message="an argument is missing",
                engine=self.name,
            )
            for number, line in enumerate(document.text.split("\n"), 1)
            if "missing(" in line
        )

    def close(self) -> None:
        pass


@pytest.fixture
def second() -> SecondLook:
    return SecondLook(Reviewer((CallChecker(),)))


@pytest.fixture
def mode() -> list[Mode]:
    return [Mode.ADVISE]


@pytest.fixture
def desk(second: SecondLook, mode: list[Mode]) -> Iterator[EditDesk]:
    made = EditDesk(Reviewer(standard_engines()), Policies(mode=lambda: mode[0]), second=second)
    yield made
    made.close()


def arrive(desk: EditDesk, path: Path | str, **changes: object) -> tuple[Label, str | None, bool]:
    told = desk.judge(
        Arrival(session=SESSION, path=str(path), **changes),  # type: ignore[arg-type]
        time.monotonic() + 10,
    )
    assert told is not None
    return told.verdict.label, told.text, told.blocks


def test_text_before_that_the_host_did_not_send_is_what_was_seen_last(desk: EditDesk) -> None:
    arrive(desk, "/nowhere/a.py", before="", after=WORSE)

    label, _, _ = arrive(desk, "/nowhere/a.py", after=WORSE + "\n\ndef g():\n    return 1\n")

    assert label is Label.SAME


def test_text_before_that_nobody_has_seen_is_what_git_has(desk: EditDesk, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(WORSE)
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    label, _, _ = arrive(desk, "a.py", folder=str(tmp_path), after=GOOD)

    assert label is Label.BETTER


def test_text_after_that_the_host_did_not_send_is_read_from_disk(desk: EditDesk, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BROKEN)

    label, text, blocks = arrive(desk, tmp_path / "a.py", before=GOOD)

    assert label is Label.BROKEN
    assert text is not None
    assert "no longer parses" in text
    assert not blocks


def test_deleted_file_and_one_that_is_not_there_have_no_verdict(desk: EditDesk, tmp_path: Path) -> None:
    deadline = time.monotonic() + 10

    assert desk.judge(Arrival(session=SESSION, path=str(tmp_path / "a.py"), deleted=True), deadline) is None
    assert desk.judge(Arrival(session=SESSION, path=str(tmp_path / "a.py")), deadline) is None
    assert desk.judge(Arrival(session=SESSION, path="a\0b.py"), deadline) is None


def test_unresolved_issue_is_told_once_and_summed_up_once(desk: EditDesk) -> None:
    first = arrive(desk, "/nowhere/a.py", before=GOOD, after=WORSE)
    second = arrive(desk, "/nowhere/a.py", before=GOOD, after=WORSE + "\nX = 1\n")

    summary = desk.sum_up(SESSION)

    assert first[1] is not None
    assert second == (Label.WORSE, None, False)
    assert summary is not None
    assert "a.py:2 S307" in summary
    assert desk.sum_up(SESSION) is None


def test_broken_edit_blocks_only_where_the_user_asked_for_it(desk: EditDesk, mode: list[Mode]) -> None:
    mode[0] = Mode.GATE

    broken = arrive(desk, "/nowhere/a.py", before=GOOD, after=BROKEN)
    worse = arrive(desk, "/nowhere/b.py", before=GOOD, after=WORSE)

    assert (broken[2], worse[2]) == (True, False)


def test_project_may_refuse_to_be_gated_and_limits_what_is_told(
    desk: EditDesk, mode: list[Mode], tmp_path: Path
) -> None:
    mode[0] = Mode.GATE
    (tmp_path / ".reasoningbank.toml").write_text(
        '[quality]\nmode = "advise"\n[quality.thresholds]\ntold = 1\n'
    )

    _, text, blocks = arrive(
        desk, tmp_path / "a.py", before=GOOD, after="def f(x):\n    return eval(y) + z\n"
    )

    assert not blocks
    assert text is not None
    assert text.count("a.py:") == 1
    assert "2 more not shown." in text


def test_second_look_reaches_the_session_once_and_only_while_it_holds(
    desk: EditDesk, second: SecondLook
) -> None:
    arrive(desk, "/nowhere/a.py", before=GOOD, after=GOOD + "missing()\n")
    arrive(desk, "/nowhere/b.py", before=GOOD, after=GOOD + "missing()\n")
    assert second.wait_idle(10)
    arrive(desk, "/nowhere/b.py", before=GOOD + "missing()\n", after=GOOD)
    assert second.wait_idle(10)

    told = desk.later(SESSION)

    assert [remark.path for remark in told] == ["/nowhere/a.py"]
    assert "a.py:3 missing-argument" in told[0].text
    assert desk.later(SESSION) == ()
    assert not desk.has_later(SESSION)


def test_two_hundred_edits_at_once_are_all_answered(desk: EditDesk) -> None:
    labels = [arrive(desk, f"/nowhere/{number}.py", before=GOOD, after=WORSE)[0] for number in range(200)]

    assert labels == [Label.WORSE] * 200


class FaultyReviewer(Reviewer):
    """As a fault of ours would: it fails on one file."""

    def examine(
        self, edit: Edit, deadline: float, *, policy: Policy = STANDARD, history: Findings = ()
    ) -> Review:
        if edit.path.endswith("fault.py"):
            raise ZeroDivisionError
        return super().examine(edit, deadline, policy=policy, history=history)


def test_fault_in_one_look_does_not_cost_the_next() -> None:
    second = SecondLook(FaultyReviewer((CallChecker(),)))
    for name in ("fault.py", "a.py"):
        second.ask(SESSION, Edit(path=name, before=GOOD, after=GOOD + "missing()\n"), STANDARD)

    assert second.wait_idle(10)
    second.close()

    assert [opinion.verdict.path for opinion in second.opinions(SESSION)] == ["a.py"]


def test_look_gives_way_until_nobody_wants_advice() -> None:
    asked: list[float] = []
    idle_s = iter((0.0, 0.03, 0.0, math.inf))

    def idle() -> float:
        asked.append(next(idle_s))
        return asked[-1]

    second = SecondLook(Reviewer((CallChecker(),)), idle_s=idle, most_given_way_s=60)
    second.ask(SESSION, Edit(path="a.py", before=GOOD, after=GOOD + "missing()\n"), STANDARD)

    assert second.wait_idle(10)
    second.close()

    assert asked == [0.0, 0.03, 0.0, math.inf]
    assert second.has_opinions(SESSION)


def test_look_does_not_give_way_for_ever() -> None:
    second = SecondLook(Reviewer((CallChecker(),)), idle_s=lambda: 0.0, most_given_way_s=0.1)
    second.ask(SESSION, Edit(path="a.py", before=GOOD, after=GOOD + "missing()\n"), STANDARD)

    assert second.wait_idle(10)
    second.close()

    assert second.has_opinions(SESSION)


def test_look_that_gives_way_is_ended_at_once() -> None:
    second = SecondLook(Reviewer((CallChecker(),)), idle_s=lambda: 0.0, most_given_way_s=60)
    second.ask(SESSION, Edit(path="a.py", before=GOOD, after=GOOD + "missing()\n"), STANDARD)

    began = time.monotonic()
    second.close()

    assert time.monotonic() - began < 10
    assert not second.has_opinions(SESSION)
