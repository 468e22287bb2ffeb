"""What only the whole daemon shows: settings of the project, false alarms out of the bank, the record of verdicts."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rbtest.command_line import CommandLine
from rbtest.daemon_process import DaemonProcess, scratch_home

from reasoningbank_client import ReasoningBank
from reasoningbank_daemon.quality.known_texts import (
    ENTRY_CHARACTERS,
    MOST_BYTES,
    KnownTexts,
    text_on_disk,
)
from reasoningbank_schema.messages import Rating
from reasoningbank_schema.verdicts import EditVerdict, Label, Severity

GOOD = "def f(x):\n    return int(x)\n"
WORSE = "def f(x):\n    return eval(x)\n"


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    with scratch_home() as home, DaemonProcess(home) as process:
        process.await_judge()
        yield process


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def judged(bank: ReasoningBank, project: Path, after: str = WORSE) -> EditVerdict:
    answer = bank.post_edit("s", str(project / "a.py"), before=GOOD, after=after).advice
    assert answer is not None
    return answer.verdict


def test_false_alarms_lower_a_rule_in_their_project_alone_and_are_counted(
    daemon: DaemonProcess, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    subprocess.run(["git", "init", "-q"], cwd=other, check=True)

    with ReasoningBank(daemon.paths, timeout_s=10) as bank:
        bank.start_session("s", cwd=str(project))
        bank.pre_task("s", "write the parser", cwd=str(project))
        bank.feedback(Rating.FALSE_ALARM, session="s", note="S307: x is ours")
        here = judged(bank, project)
        elsewhere = judged(bank, other)
    command = CommandLine(daemon.home)
    (project / "a.py").write_text(WORSE)
    by_hand = command.run("verdict", str(project / "a.py"), "--format", "json", "--fail-on", "worse")

    assert (here.label, here.issues[0].severity) == (Label.SAME, Severity.NOTE)
    assert "called a false alarm here once" in here.issues[0].message
    assert (elsewhere.label, elsewhere.issues[0].severity) == (Label.WORSE, Severity.WARNING)
    assert by_hand.returncode == 0
    assert json.loads(by_hand.stdout)[0]["issues"][0]["severity"] == "note"


def test_projects_file_is_heard_and_one_with_a_mistake_costs_no_verdict(
    daemon: DaemonProcess, project: Path
) -> None:
    with ReasoningBank(daemon.paths, timeout_s=10) as bank:
        bank.start_session("s", cwd=str(project))
        (project / ".reasoningbank.toml").write_text('[quality.rules]\nS307 = "off"\n')
        off = judged(bank, project)
        (project / ".reasoningbank.toml").write_text("[quality]\nnonsense = 1\n")
        mistaken = judged(bank, project)

    assert (off.label, off.issues) == (Label.SAME, ())
    assert mistaken.label is Label.WORSE


def test_text_on_disk_is_that_of_a_regular_file_and_never_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe4'\n")
    (tmp_path / "large.py").write_bytes(b"#" * (MOST_BYTES + 1))

    texts = {
        name: text_on_disk(str(tmp_path / name)) for name in ("pipe", "latin.py", "large.py", "gone", "")
    }

    assert texts == {"pipe": None, "latin.py": "x = '\udce4'\n", "large.py": None, "gone": None, "": None}


def test_texts_seen_longest_ago_are_forgotten_first() -> None:
    texts = KnownTexts(most_characters=2 * (ENTRY_CHARACTERS + 6) + ENTRY_CHARACTERS)

    texts.put("a", "12345")
    texts.put("b", "12345")
    texts.put("c", "1")

    assert [texts.get(name) for name in ("a", "b", "c")] == [None, "12345", "1"]
