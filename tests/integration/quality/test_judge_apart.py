"""The judge in a process of its own: the same verdicts, whatever becomes of the process."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import psutil
import pytest
from rbtest.daemon_process import stop_where_it_is, wait_until
from structlog.testing import capture_logs

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.judge_apart import NAME, JudgeApart
from reasoningbank_daemon.quality.judge_messages import Role
from reasoningbank_daemon.quality.projects.policy import Policy
from reasoningbank_daemon.quality.reviewer import Review, Reviewer, standard_engines
from reasoningbank_schema.verdicts import Label, Severity

GOOD = "def f(x):\n    return int(x)\n"
WORSE = "def f(x):\n    return eval(x)\n"
PATIENCE_S = 60.0
HANG_S = 3.0
"""More than a judge that has just been started takes for its first answer on a busy machine."""

EDITS = {
    "worse": Edit(path="/p/a.py", before=GOOD, after=WORSE),
    "broken": Edit(path="/p/a.go", before="package a\n", after="package a\n\nfunc f( {\n"),
    "new file": Edit(path="/p/a.rb", after="eval(params[:x])\n"),
    "named language": Edit(path="", before="let a = 1;", after="let a = eval(b);", language="ts"),
    "line ends and mark": Edit(path="/p/a.py", before="\ufeff" + GOOD, after=WORSE.replace("\n", "\r\n")),
    "not UTF-8": Edit(path="/p/\udcff/a.py", before=GOOD, after=WORSE + "# \udce9\n"),
    "no language": Edit(path="/p/a.txt", before="", after="<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"),
}


@pytest.fixture
def judge() -> Iterator[JudgeApart]:
    with closing(JudgeApart(Role.FIRST, hang_timeout_s=HANG_S)) as made:
        yield made


def judged(judge: JudgeApart | Reviewer, edit: Edit = EDITS["worse"], **changes: object) -> Review:
    return judge.examine(edit, time.monotonic() + PATIENCE_S, **changes)  # type: ignore[arg-type]


def untimed(review: Review) -> Review:
    return msgspec.structs.replace(review, verdict=msgspec.structs.replace(review.verdict, engine_ms=0.0))


def rules(review: Review) -> list[str]:
    return [issue.rule for issue in review.verdict.issues]


def process(judge: JudgeApart) -> psutil.Process:
    assert judge.pid is not None
    return psutil.Process(judge.pid)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_verdict_is_the_one_that_is_given_here(judge: JudgeApart, edit: Edit) -> None:
    with closing(Reviewer(standard_engines())) as reviewer:
        here = judged(reviewer, edit)

    apart = judged(judge, edit)

    assert untimed(apart) == untimed(here)


@pytest.mark.parametrize(("secret", "quotes"), [("x = 1", False), ('password = "hunter2xyz9Q"', True)])
def test_text_whose_secrets_an_issue_may_quote_is_said_to_be_one(
    judge: JudgeApart, secret: str, quotes: bool
) -> None:
    review = judged(judge, Edit(path="/p/a.py", before=GOOD, after=f"{WORSE}{secret}\n"))

    assert "S307" in rules(review)
    assert review.may_quote_secrets is quotes


def test_issue_that_quotes_nothing_quotes_no_secret(judge: JudgeApart) -> None:
    secret = 'password = "hunter2xyz9Q"\n'
    statement = 'def f(db, name):\n    db.execute("SELECT a FROM b WHERE c = " + name)\n'

    review = judged(judge, Edit(path="/p/a.py", before=secret, after=secret + statement))

    assert "S608" in rules(review)
    assert not review.may_quote_secrets


def test_policy_and_history_go_along(judge: JudgeApart) -> None:
    policy = Policy(severities={"S307": Severity.NOTE}, engines_off=frozenset({"tree-sitter"}))
    history = judged(judge).issues

    review = judged(judge, policy=policy, history=history)

    assert [issue.severity for issue in review.verdict.issues if issue.rule == "S307"] == [Severity.NOTE] * 2
    assert "tree-sitter" not in review.verdict.engines_run


def test_judge_that_was_killed_is_started_again(judge: JudgeApart) -> None:
    judged(judge)
    first = process(judge)
    first.kill()
    wait_until(lambda: judge.pid != first.pid, what="the end of the judge that was killed")

    review = judged(judge)

    assert rules(review) == ["S307"]
    assert judge.pid not in {None, first.pid}


def test_question_in_the_hands_of_a_judge_that_dies_is_asked_again(judge: JudgeApart) -> None:
    judged(judge)
    first = process(judge)
    stop_where_it_is(first.pid)
    answers: list[Review] = []
    asking = threading.Thread(target=lambda: answers.append(judged(judge)))
    asking.start()

    # It is killed when it has had the question for too long.
    asking.join(PATIENCE_S)

    assert rules(answers[0]) == ["S307"]
    assert not first.is_running()


def test_judge_that_does_not_answer_costs_the_findings_and_says_so(judge: JudgeApart) -> None:
    judged(judge)
    first = process(judge)
    stop_where_it_is(first.pid)

    review = judge.examine(EDITS["worse"], time.monotonic() + 0.1)

    assert review.verdict.label is Label.SAME
    assert [(each.engine, each.reason) for each in review.verdict.engines_missing] == [
        (NAME, "judge had not answered by the deadline")
    ]
    wait_until(lambda: not first.is_running(), what="the end of the judge that hangs")
    assert rules(judged(judge)) == ["S307"]


def test_file_that_the_judge_died_of_twice_is_left_out_and_others_are_not(judge: JudgeApart) -> None:
    for _ in range(2):
        judged(judge, Edit(path="/p/other.py", before=GOOD, after=WORSE))
        stopped = process(judge)
        stop_where_it_is(stopped.pid)
        judge.examine(EDITS["worse"], time.monotonic() + 0.1)
        wait_until(lambda: not stopped.is_running(), what="the end of the judge that hangs")  # noqa: B023 - waits here

    refused = judged(judge)
    other = judged(judge, Edit(path="/p/other.py", before=GOOD, after=WORSE))

    assert "failed over this file 2 times" in refused.verdict.engines_missing[0].reason
    assert rules(other) == ["S307"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_engines_end_with_the_judge(judge: JudgeApart, number: signal.Signals) -> None:
    judged(judge)
    engines = process(judge).children()

    os.kill(process(judge).pid, number)

    assert len(engines) == 2
    _, alive = psutil.wait_procs(engines, timeout=PATIENCE_S)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


def test_closing_leaves_nothing_running() -> None:
    judge = JudgeApart(Role.FIRST)
    judged(judge)
    family = [process(judge), *process(judge).children()]

    judge.close()

    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert alive == []
    assert judged(judge).verdict.engines_missing[0].reason == "it is shut down"


def test_what_the_judge_logs_comes_into_our_log() -> None:
    with capture_logs() as lines, closing(JudgeApart(Role.FIRST)) as judge:
        judge.warm()

    started = {line["engine"]: line["log_level"] for line in lines if line["event"] == "engine_started"}
    assert started == {"judge": "info", "ruff": "info", "tree-sitter": "info"}


def test_second_look_finds_callers_in_other_files(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "caller.py").write_text("from tools import f\n\nf(1)\n")
    edit = Edit(
        path=str(tmp_path / "tools.py"),
        before="def f(x):\n    return x\n",
        after="def f(x, y):\n    return x + y\n",
    )
    with closing(JudgeApart(Role.AGAIN, engines_off=("ty",))) as judge:
        review = judged(judge, edit)

    assert rules(review) == ["callers-do-not-fit"]


def test_second_look_runs_when_nothing_else_wants_the_processor() -> None:
    with closing(JudgeApart(Role.AGAIN)) as judge:
        judged(judge, Edit(path="/p/a.py", after=GOOD))
        policy, niceness = os.sched_getscheduler(process(judge).pid), process(judge).nice()

    assert (policy, niceness) == (os.SCHED_IDLE, 19)


def test_engines_that_are_off_make_their_languages_unread() -> None:
    with closing(JudgeApart(Role.AGAIN, engines_off=("ty",))) as judge:
        reads = [judge.reads(Edit(path=path, after="")) for path in ("a.py", "a.sh", "a.go")]

    assert reads == [False, True, False]
