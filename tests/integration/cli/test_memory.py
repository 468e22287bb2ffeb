from __future__ import annotations

import io
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from rbtest.client_peers import Peer
from rbtest.command_line import CommandLine
from rbtest.daemon_process import stop_where_it_is, wait_until

from reasoningbank_client import ReasoningBank
from reasoningbank_daemon.cli import asking, main
from reasoningbank_schema.paths import resolve_paths


def record_task(bench: CommandLine) -> None:
    """Let a program do a task whose last check passes."""
    paths = resolve_paths({"RB_HOME": str(bench.home)}, home=bench.home)
    with ReasoningBank(paths, timeout_s=10) as bank:
        bank.start_session("s1", cwd=str(bench.home))
        bank.pre_task("s1", "Teach the importer to skip empty lines in orders.csv")
        bank.post_command("s1", "python -m pytest -q", exit_status=1, output="1 failed")
        bank.post_edit("s1", str(bench.home / "importer.py"), before="x = 1\n", after="x = 2\n")
        bank.post_command("s1", "python -m pytest -q", exit_status=0, output="3 passed")
        bank.post_task("s1")
        bank.end_session("s1")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands that run in the tests' own process give up soon."""
    monkeypatch.setattr(asking, "WORK_TIMEOUT_S", 0.5)


def remember_here(bench: CommandLine) -> tuple[int, str]:
    """Run `remember` in the tests' own process; return its exit code and what it wrote to stderr."""
    [entry] = [entry for entry in main.COMMANDS if entry.name == "remember"]
    lesson, err = "The importer reads CSV with csv.reader.", io.StringIO()
    code = main.run(
        entry, [lesson], {"RB_HOME": str(bench.home)}, home=bench.home, out=io.StringIO(), err=err
    )
    return code, err.getvalue()


def test_lesson_is_remembered_and_recalled(bench: CommandLine) -> None:
    bench.run("up")

    stored = bench.run(
        "remember", "The importer reads CSV with csv.reader, never by hand.", "--title", "importer"
    )
    found = bench.run("recall", "how does the importer read CSV files?")

    assert re.fullmatch(r"Stored as experience \d+\.\n", stored.stdout), stored.stderr
    assert "The importer reads CSV with csv.reader" in found.stdout
    assert "Found by: lexical" in found.stdout


def test_recorded_task_is_listed_and_shown_with_its_steps_and_outcome(bench: CommandLine) -> None:
    bench.run("up")
    record_task(bench)
    wait_until(lambda: bench.json("tasks", "list")[0]["label"] is not None, what="the task to be judged")

    listed = bench.run("tasks", "list")
    shown = bench.run("tasks", "show", "1", "--diffs")

    assert "Teach the importer to skip empty lines" in listed.stdout
    assert "outcome   success" in shown.stdout
    assert "python -m pytest -q (exit 1)" in shown.stdout
    assert "-x = 1" in shown.stdout
    assert "+x = 2" in shown.stdout
    assert "cost      not known: " in shown.stdout


def test_record_can_be_read_while_the_daemon_is_down(bench: CommandLine) -> None:
    bench.run("up")
    record_task(bench)
    bench.run("down")

    detail = bench.json("tasks", "show", "1")

    assert detail["line"]["goal"].startswith("Teach the importer")
    assert len(detail["trajectory"]["steps"]) == 3
    assert bench.run("status").returncode == 3


def test_feedback_without_a_task_is_about_the_latest(bench: CommandLine) -> None:
    bench.run("up")
    record_task(bench)

    given = bench.run("feedback", "bad", "--note", "it dropped the header")
    detail = bench.json("tasks", "show", "1")

    assert given.stdout.startswith("Stored for task 1: Teach the importer")
    assert [item["kind"] for item in detail["evidence"]].count("feedback") == 1


@pytest.mark.parametrize("rating", ["helped", "misled", "false_alarm", "good"])
def test_feedback_is_shown_with_its_task_whatever_it_is_about(bench: CommandLine, rating: str) -> None:
    bench.run("up")
    record_task(bench)

    given = bench.run("feedback", rating, "--task", "1", "--note", "it was so")
    shown = bench.run("tasks", "show", "1")
    detail = bench.json("tasks", "show", "1")

    assert given.returncode == 0, given.stderr
    assert f" {rating}: it was so" in shown.stdout
    assert [(item["rating"], item["note"]) for item in detail["feedback"]] == [(rating, "it was so")]


def test_feedback_on_a_task_that_is_not_there_names_the_command_that_lists_them(bench: CommandLine) -> None:
    bench.run("up")

    done = bench.run("feedback", "helped", "--task", "77")

    assert done.returncode == 66
    assert done.stderr == ("reasoningbank feedback: there is no task 77\nNext: reasoningbank tasks list\n")


def test_rating_where_nothing_is_on_record_asks_for_nothing_that_can_not_be(bench: CommandLine) -> None:
    bench.run("up")

    done = bench.run("feedback", "good")

    assert done.returncode == 66
    assert done.stderr == (
        "reasoningbank feedback: no task is on record yet, so there is none to rate\n"
        "Next: work with your agent, then: reasoningbank tasks list\n"
    )


def test_task_whose_prompt_no_hook_reported_says_so_wherever_it_is_named(bench: CommandLine) -> None:
    bench.run("up")
    with ReasoningBank(resolve_paths({"RB_HOME": str(bench.home)}, home=bench.home), timeout_s=10) as bank:
        bank.start_session("s1", cwd=str(bench.home))
        bank.post_command("s1", "ls", exit_status=0, output="")

    listed, shown = bench.run("tasks", "list"), bench.run("tasks", "show", "1")
    rated = bench.run("feedback", "good")

    assert listed.stdout.endswith("  (no prompt seen)\n")
    assert shown.stdout.startswith("Task 1: (no prompt seen)\n")
    assert re.search(r"  time      \S+ \S+, still open\n", shown.stdout)
    assert rated.stdout.startswith("Stored for task 1: (no prompt seen). See: ")


def test_task_that_nothing_was_found_out_about_says_so_and_names_its_folder(bench: CommandLine) -> None:
    subprocess.run(["git", "init", "-q"], cwd=bench.home, check=True)
    bench.run("up")
    with ReasoningBank(resolve_paths({"RB_HOME": str(bench.home)}, home=bench.home), timeout_s=10) as bank:
        bank.start_session("s1", cwd=str(bench.home))
        bank.pre_task("s1", "Look at the importer")
        bank.post_task("s1")
        bank.end_session("s1")

    shown = bench.run("tasks", "show", "1").stdout

    assert f"\n  project   {bench.home} (program, main)\n" in shown
    assert "\n  outcome   unknown (no evidence)\n" in shown


def test_empty_lesson_is_a_mistake_of_the_command_line(bench: CommandLine) -> None:
    done = bench.run("remember", " ")

    assert done.returncode == 64
    assert done.stderr.startswith(
        "reasoningbank remember: the lesson is empty\nNext: reasoningbank remember "
    )


def test_recall_over_all_projects_does_not_say_whose_a_lesson_is(bench: CommandLine) -> None:
    bench.run("up")
    bench.run("remember", "The importer reads CSV with csv.reader, never by hand.")

    here = bench.run("recall", "importer CSV reader")
    anywhere = bench.run("recall", "importer CSV reader", "--all-projects")
    status = bench.run("status")

    assert ", this project, your own lesson\n" in here.stdout
    assert re.match(r"1  likeness \d\.\d\d, your own lesson\n", anywhere.stdout)
    assert "lexical (1 document by words, 0 by vectors)" in status.stdout


def test_false_alarm_without_a_task_in_this_folders_project_says_so(
    bench: CommandLine, tmp_path: Path
) -> None:
    bench.run("up")
    record_task(bench)

    elsewhere = CommandLine(tmp_path).run(
        "feedback", "false_alarm", "--rule", "S307", RB_HOME=str(bench.home)
    )

    assert elsewhere.returncode == 66
    assert "no task of this folder's project is on record yet" in elsewhere.stderr


def test_false_alarm_on_a_rule_says_how_often_and_what_that_does(bench: CommandLine) -> None:
    bench.run("up")
    record_task(bench)

    said = [
        bench.run("feedback", "false_alarm", "--task", "1", "--rule", rule).stdout.splitlines()[1]
        for rule in ("S307", "S307", "elided-code", "syntax-error")
    ]
    unnamed = bench.run("feedback", "false_alarm", "--task", "1").stdout
    shown = bench.run("tasks", "show", "1").stdout

    assert shown.count(" false_alarm: S307\n") == 2
    assert [line.partition(" in ")[0] for line in said] == [
        "S307 was called a false alarm once",
        "S307 was called a false alarm 2 times",
        "elided-code was called a false alarm once",
        "syntax-error was called a false alarm once",
    ]
    assert [line.rpartition(": ")[2] for line in said[:2]] == [
        "it weighs one step less there, as far as a note.",
        "it weighs 2 steps less there, as far as a note.",
    ]
    assert said[3].endswith("; a syntax error stays one all the same.")
    assert "No rule was named" in unnamed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("false_alarm", "--rule", "elided-cod"),
            "no rule is called 'elided-cod'. Did you mean 'elided-code'?",
        ),
        (("false_alarm", "--rule", "S3O7"), "no rule is called 'S3O7'"),
        (("false_alarm", "--rule", ""), "no rule is called ''"),
        (("good", "--rule", "S307"), "--rule needs the rating false_alarm"),
    ],
)
def test_feedback_on_a_rule_that_can_be_of_no_effect_is_refused_and_not_stored(
    bench: CommandLine, arguments: tuple[str, ...], message: str
) -> None:
    bench.run("up")
    record_task(bench)

    done = bench.run("feedback", "--task", "1", *arguments)

    assert done.returncode == 64
    assert message in done.stderr
    assert bench.json("tasks", "show", "1")["feedback"] == []


def test_task_without_a_folder_has_no_known_project(bench: CommandLine) -> None:
    bench.run("up")
    paths = resolve_paths({"RB_HOME": str(bench.home)}, home=bench.home)
    with ReasoningBank(paths, timeout_s=10) as bank:
        bank.pre_task("s1", "Teach the importer to skip empty lines in orders.csv")

    shown = bench.run("tasks", "show", "1")

    assert "project   not known (program, main)" in shown.stdout


def test_end_of_the_list_is_not_taken_for_an_empty_bank(bench: CommandLine) -> None:
    bench.run("up")
    record_task(bench)

    done = bench.run("tasks", "list", "--before", "1")

    assert done.stdout == "No task is older than task 1.\n"


@pytest.mark.parametrize("number", ["99999999999999999999", "0", "-5", "one"])
@pytest.mark.parametrize(
    "command",
    [
        ("tasks", "show"),
        ("tasks", "list", "-n"),
        ("tasks", "list", "--before"),
        ("recall", "x", "-n"),
        ("feedback", "helped", "--task"),
        ("logs", "-n"),
    ],
)
def test_number_that_can_not_be_one_is_refused_with_what_is_allowed(
    bench: CommandLine, command: tuple[str, ...], number: str
) -> None:
    done = bench.run(*command, number)

    assert done.returncode == 64
    assert f"'{number}' is not a whole number from 1 " in done.stderr


@pytest.mark.parametrize("question", ["", " \n"])
def test_empty_question_is_refused(bench: CommandLine, question: str) -> None:
    done = bench.run("recall", question)

    assert done.returncode == 64
    assert "the question is empty" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("remember", "a", "b", "c"), "unrecognized arguments: b c; put TEXT in quotes"),
        (("recall", "a", "b"), "unrecognized arguments: b; put QUERY in quotes"),
        (("feedback", "good", "--note", "a", "b"), "unrecognized arguments: b; put the note in quotes"),
        (
            ("remember", "a", "--nothing"),
            "unrecognized arguments: --nothing; the options are --help, --title, --tag",
        ),
        (("status", "b"), "unrecognized arguments: b\n"),
    ],
)
def test_text_without_its_quotes_is_told_what_it_needs(
    bench: CommandLine, arguments: tuple[str, ...], what: str
) -> None:
    done = bench.run(*arguments)

    assert done.returncode == 64
    assert what in done.stderr


@pytest.mark.usefixtures("impatient")
def test_lesson_that_a_daemon_which_hangs_did_not_take_is_said_to_be_lost(bench: CommandLine) -> None:
    bench.run("up")
    pid = bench.json("status")["pid"]
    stop_where_it_is(pid)

    code, said = remember_here(bench)
    os.kill(pid, signal.SIGCONT)

    assert code == 69
    assert "The lesson was not stored" in said
    assert "Next: reasoningbank doctor, then run it again" in said
    assert "Nothing similar is on record." in bench.run("recall", "importer CSV").stdout


def test_command_that_needs_the_daemon_says_how_to_start_it(bench: CommandLine) -> None:
    done = bench.run("remember", "anything")

    assert done.returncode == 3
    assert "The lesson was not stored" in done.stderr
    assert "Next: reasoningbank up" in done.stderr
    assert done.stderr.count("reasoningbank up") == 1


def test_task_that_is_not_there_is_named(bench: CommandLine) -> None:
    bench.run("up")

    done = bench.run("tasks", "show", "77")

    assert done.returncode == 66
    assert "there is no task 77" in done.stderr


@pytest.mark.usefixtures("impatient")
def test_lesson_that_was_taken_and_not_answered_is_not_said_to_be_lost(bench: CommandLine) -> None:
    paths = resolve_paths({"RB_HOME": str(bench.home)}, home=bench.home)

    with Peer(paths, lambda _: []) as peer:
        code, said = remember_here(bench)

    assert len(peer.heard) == 1
    assert code == 69
    assert "Whether the lesson was stored is not known" in said
    assert "Next: reasoningbank doctor; look whether it is there before you run it again" in said
