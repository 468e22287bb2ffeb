"""What a command does where its output can't take everything: another encoding, a full disk, nobody who reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rbtest.command_line import CommandLine

PROGRAM = [sys.executable, "-m", "reasoningbank_daemon.cli.main"]


@pytest.fixture
def worsened(tmp_path: Path) -> CommandLine:
    """Give a folder in which `old.py` and `n\N{LATIN SMALL LETTER E WITH ACUTE}w.py` differ."""
    (tmp_path / "old.py").write_text("def f(x):\n    return int(x)\n")
    (tmp_path / "n\N{LATIN SMALL LETTER E WITH ACUTE}w.py").write_text("def f(x):\n    return eval(x)\n")
    return CommandLine(tmp_path)


def test_terminal_without_unicode_gets_the_verdict_with_what_it_lacks_escaped(worsened: CommandLine) -> None:
    arguments = ("verdict", "n\N{LATIN SMALL LETTER E WITH ACUTE}w.py", "--before", "old.py")

    done = worsened.run(*arguments, PYTHONIOENCODING="ascii", RB_HOME=str(worsened.home))
    as_json = worsened.run(*arguments, "--json", PYTHONIOENCODING="ascii", RB_HOME=str(worsened.home))

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("n\\xe9w.py  worse  score ")
    assert as_json.stdout.isascii()
    assert json.loads(as_json.stdout)[0]["path"] == "n\N{LATIN SMALL LETTER E WITH ACUTE}w.py"


@pytest.mark.parametrize("arguments", [("--help",), ("config", "show"), ("version", "--json")])
def test_output_that_can_not_be_written_is_said_in_a_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env={**os.environ, "RB_HOME": str(tmp_path)},
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )

    assert done.returncode == 1
    assert done.stderr == b"reasoningbank: the output can't be written: No space left on device\n"


def test_output_that_nobody_wants_costs_nothing_but_the_output(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {sys.executable} -m reasoningbank_daemon.cli.main config show >&-"],
        env={**os.environ, "RB_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, b"")
