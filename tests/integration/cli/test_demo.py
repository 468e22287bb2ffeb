from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

from rbtest.command_line import CommandLine
from rbtest.daemon_process import wait_until

from reasoningbank_daemon.cli.demo import load_recording


def test_demonstration_shows_advice_and_record_and_names_the_next_command(bench: CommandLine) -> None:
    done = bench.run("demo")

    assert done.returncode == 0, done.stderr
    # The verdict on the edit that calls eval() is on record whether or not it was in time for the hook.
    assert "settings.py (ok, verdict worse)" in done.stdout
    assert "settings.py (ok, verdict better)" in done.stdout
    assert "experience 1 was given" in done.stdout
    assert "outcome   success" in done.stdout
    costs = [line for line in done.stdout.splitlines() if line.startswith("  cost")]
    assert [line.split()[1] for line in costs] == ["$0.3726", "$0.0703", "$0.2054"]
    command = shlex.split(done.stdout.splitlines()[-1])
    assert command[1:] == ["hooks", "install", "claude-code"]
    assert shutil.which(command[0]), "what is to be typed next must be found"


def test_demonstration_leaves_nothing_behind(bench: CommandLine) -> None:
    before = set(Path("/tmp").glob("rb-demo-*"))

    bench.run("demo")

    # A demonstration that another test runs meanwhile has a folder too, for a while.
    wait_until(lambda: set(Path("/tmp").glob("rb-demo-*")) <= before, what="no folder to be left")
    assert list(bench.home.iterdir()) == []


def test_recording_is_two_sessions_of_a_real_agent(tmp_path: Path) -> None:
    recording = load_recording(tmp_path)

    events = [[step.event for step in session.steps] for session in recording.sessions]
    assert [(names[0], names[-2], names[-1]) for names in events] == [
        ("SessionStart", "Stop", "SessionEnd")
    ] * 2
    assert {"PreToolUse", "SubagentStop", "PostToolUseFailure"} <= set(events[0])
    assert "eval(" in json.dumps(recording.sessions[0].steps[7].payload)
    assert all(
        step.payload["cwd"] == f"{tmp_path}/shop" for session in recording.sessions for step in session.steps
    )
