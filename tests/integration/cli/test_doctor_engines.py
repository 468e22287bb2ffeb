"""What `doctor` says of the engines behind edit verdicts."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rbtest.command_line import CommandLine

from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_daemon.quality.engine_health import Health, engine_health
from reasoningbank_daemon.quality.engines.ruff_engine import RuffEngine


def engine_checks(bench: CommandLine, **variables: str) -> list[dict[str, Any]]:
    done = bench.run("doctor", "--json", **variables)
    return [check for check in json.loads(done.stdout)["checks"] if check["about"] == "engines"]


def test_engines_that_come_along_answer(bench: CommandLine) -> None:
    answering = engine_checks(bench)[0]

    assert answering["mark"] == "ok"
    assert answering["message"].startswith("ruff, tree-sitter, ")
    assert "data-files, text" in answering["message"]


def test_program_that_is_not_installed_is_named_with_what_to_type_and_is_no_warning(
    bench: CommandLine,
) -> None:
    done = bench.run("doctor", PATH="/no/such/folder")
    checks = engine_checks(bench, PATH="/no/such/folder")

    [absent] = [check for check in checks if check["message"].startswith("oxlint")]
    assert (absent["mark"], absent["next_step"]) == ("ok", "npm install --global oxlint")
    assert "does not look at javascript, tsx, typescript" in absent["message"]
    assert "next: npm install --global oxlint" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("program", "reason"),
    [("/no/such/oxlint", "/no/such/oxlint can't be read"), ("/bin/false", "ended while starting")],
)
def test_program_that_does_not_work_is_a_warning_with_its_reason(
    bench: CommandLine, program: str, reason: str
) -> None:
    bench.run("config", "set", "quality.oxlint", program)

    [warning] = [check for check in engine_checks(bench) if check["mark"] != "ok"]

    assert warning["mark"] == "warning"
    assert warning["message"].startswith("oxlint does not work")
    assert reason in warning["message"]
    assert warning["next_step"]


def test_engine_that_is_switched_off_is_not_looked_at(bench: CommandLine) -> None:
    bench.run("config", "set", "quality.engines_off", '["oxlint", "ruff"]')
    some = engine_checks(bench)
    bench.run("config", "set", "quality.enabled", "false")
    none = engine_checks(bench)

    assert not any("oxlint" in check["message"] or "ruff" in check["message"] for check in some)
    assert [check["message"] for check in none] == ["edits are not judged: quality.enabled is off"]


def test_engine_whose_program_is_broken_fails_with_the_reason_and_leaves_nothing(tmp_path: Path) -> None:
    with closing(RuffEngine(find_binary=lambda: "/bin/false")) as ruff:
        [found] = engine_health([ruff], tmp_path, clock=time.monotonic)

    assert (found.engine, found.health) == ("ruff", Health.FAILS)
    assert "ended while starting" in found.reason
    assert ruff.pid is None


def test_name_of_no_engine_is_not_taken_and_those_there_are_are_named(bench: CommandLine) -> None:
    done = bench.run("config", "set", "quality.engines_off", "oxlint,rufff")

    assert done.returncode == ExitCode.BAD_CONFIGURATION
    assert 'quality.engines_off[1] is "rufff"; allowed: "ruff" or "tree-sitter" or ' in done.stderr
