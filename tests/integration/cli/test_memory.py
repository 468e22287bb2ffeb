from __future__ import annotations

import re

from rbtest.command_line import CommandLine
from rbtest.daemon_process import wait_until

from reasoningbank_client import ReasoningBank
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


def test_command_that_needs_the_daemon_says_how_to_start_it(bench: CommandLine) -> None:
    done = bench.run("recall", "anything")

    assert done.returncode == 3
    assert "Next: reasoningbank up" in done.stderr


def test_task_that_is_not_there_is_named(bench: CommandLine) -> None:
    bench.run("up")

    done = bench.run("tasks", "show", "77")

    assert done.returncode == 66
    assert "there is no task 77" in done.stderr
