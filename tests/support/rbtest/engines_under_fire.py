"""Real engines of edit verdicts, and ways to strike their processes down at a chosen moment."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import psutil

from rbtest.daemon_process import stop_where_it_is, wait_until
from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.engine import Engine, PipelinedEngine
from reasoningbank_daemon.quality.engines.oxlint_engine import OxlintEngine
from reasoningbank_daemon.quality.engines.plain_text import PlainTextEngine
from reasoningbank_daemon.quality.engines.programs import Programs
from reasoningbank_daemon.quality.engines.ruff_engine import RuffEngine
from reasoningbank_daemon.quality.engines.tree_sitter_engine import TreeSitterEngine
from reasoningbank_daemon.quality.engines.ty_engine import TyEngine
from reasoningbank_daemon.quality.processes.child_process import BoundedChild
from reasoningbank_daemon.quality.processes.engine_process import EngineProcess, ProcessState
from reasoningbank_daemon.quality.processes.rpc import Message
from reasoningbank_daemon.quality.processes.supervisor import Supervisor
from reasoningbank_daemon.quality.reviewer import Reviewer
from reasoningbank_schema.verdicts import EditVerdict

SOON_S = 60.0
HANG_S = 1.5
START_S = 10.0
STRUCK_START_S = 1.0
"""How long one is waited for that is struck while it starts; a review gives up before that."""

Clock = Callable[[], float]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One engine to strike: how it is made, and texts that it has something to say about."""

    suffix: str
    good: str
    bad: str
    rule: str
    line: str
    """A line that may be repeated to make a text long."""
    make: Callable[[Clock], Engine]
    missing: str = ""
    """Why it can't be had here."""


def subjects(*, environment: Mapping[str, str]) -> dict[str, Subject]:
    """Return the engines with a process that lives on, also those that are not installed."""
    programs = Programs(oxlint=lambda: environment.get("OXLINT_BIN", ""), search_path=environment.get("PATH"))
    oxlint = programs.oxlint()
    python = {"suffix": ".py", "line": "value = int('1')\n", "good": "def f(x):\n    return int(x)\n"}
    return {
        "ruff": Subject(
            **python,
            bad="def f(x):\n    return eval(x)\n",
            rule="S307",
            make=lambda clock: RuffEngine(clock=clock),
        ),
        "tree-sitter": Subject(
            suffix=".go",
            line="var a = f(1)\n",
            good="package a\n\nfunc f() {\n}\n",
            bad="package a\n\nfunc f( {\n}\n",
            rule="syntax-error",
            make=lambda clock: TreeSitterEngine(clock=clock),
        ),
        "oxlint": Subject(
            suffix=".js",
            line="f(1);\n",
            good="let a = 1;\na = 2;\n",
            bad="const a = 1;\na = 2;\n",
            rule="no-const-assign",
            make=lambda clock: OxlintEngine(programs.oxlint, clock=clock),
            missing=""
            if oxlint and shutil.which("node")
            else "oxlint is not installed: npm install --global oxlint, or name its file in OXLINT_BIN",
        ),
        "ty": Subject(
            **python,
            bad="def f(x):\n    return int(x)\n\n\nf()\n",
            rule="missing-argument",
            make=lambda clock: TyEngine(programs.ty, clock=clock),
            missing="" if programs.ty() else "ty is not installed: pip install ty",
        ),
    }


class Bench:
    """One engine beside one that never fails, a folder for its files, and a clock that may be put forward."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject = subject
        self._put_forward_s = 0.0
        self._folder = folder
        self._number = 0
        self._start_timeout_s = START_S
        (folder / ".git").mkdir()
        self.engine = subject.make(self.clock)
        # One that is asked in the reviewer's own thread is asked last, as the second look does.
        pair = (self.engine, PlainTextEngine())
        self.reviewer = Reviewer(
            pair if isinstance(self.engine, PipelinedEngine) else pair[::-1], clock=self.clock
        )
        self._impatient()

    def clock(self) -> float:
        return time.monotonic() + self._put_forward_s

    def put_clock_forward(self, seconds: float) -> None:
        self._put_forward_s += seconds

    def supervisor(self) -> Supervisor:
        if isinstance(self.engine, TyEngine):
            return self.engine._server(str(self._folder)).supervisor
        found = self.engine._supervisor  # type: ignore[attr-defined]  # as all but ty's name it
        assert isinstance(found, Supervisor)
        return found

    def starting(self) -> EngineProcess:
        """Return a process that has a pid and is soon given up; whether it is ready, nobody has asked."""
        self._start_timeout_s = STRUCK_START_S
        process = self.supervisor()._current()
        self._start_timeout_s = START_S
        wait_until(lambda: process.pid is not None, what="the child")
        return process

    def ready(self) -> EngineProcess:
        return self.supervisor().ready_process(self.clock() + SOON_S)

    def review(self, after: str, *, before: str | None = None, budget_s: float = SOON_S) -> EditVerdict:
        path = str(self._folder / f"a{self.subject.suffix}")
        return self.reviewer.review(Edit(path=path, before=before, after=after), self.clock() + budget_s)

    def unseen(self, text: str) -> str:
        """Return a text that no cache knows, with the same lines."""
        self._number += 1
        mark = "#" if self.subject.suffix == ".py" else "//"
        return f"{text}{mark} {self._number}\n"

    def long(self) -> str:
        """Return a text that takes long to look at, and that every engine takes."""
        head = "package a\n" if self.subject.suffix == ".go" else ""
        return self.unseen(head + self.subject.line * (250_000 // len(self.subject.line)))

    def until_judged_again(self) -> EditVerdict:
        """Review until the engine takes part; a restart may have to wait."""
        end = time.monotonic() + SOON_S
        while True:
            verdict = self.review(
                self.unseen(self.subject.bad), before=self.unseen(self.subject.good), budget_s=5
            )
            if not verdict.engines_missing or time.monotonic() > end:
                return verdict

    def close(self) -> None:
        self.reviewer.close()

    def _impatient(self) -> None:
        supervisor = self.supervisor()
        spec = supervisor._spec
        supervisor._spec = lambda: msgspec.structs.replace(
            spec(), hang_timeout_s=HANG_S, start_timeout_s=self._start_timeout_s
        )


class Asked:
    """A review under way in a thread of its own."""

    def __init__(self, ask: Callable[[], EditVerdict]) -> None:
        self._found: list[EditVerdict] = []
        self._thread = threading.Thread(target=lambda: self._found.append(ask()))
        self._thread.start()

    def verdict(self) -> EditVerdict:
        self._thread.join(SOON_S)
        assert self._found, "no verdict came"
        return self._found[0]


def strike(pid: int | None, number: signal.Signals) -> None:
    """Send a signal; what is to stop stands still when this returns."""
    assert pid is not None
    if number is signal.SIGSTOP:
        stop_where_it_is(pid)
    else:
        os.kill(pid, number)


def strike_before_it_is_ready(bench: Bench, number: signal.Signals, budget_s: float) -> EditVerdict:
    strike(bench.starting().pid, number)
    return bench.review(bench.unseen(bench.subject.bad), budget_s=min(budget_s, STRUCK_START_S / 2))


def strike_right_after_its_start(bench: Bench, number: signal.Signals, budget_s: float) -> EditVerdict:
    strike(bench.ready().pid, number)
    return bench.review(bench.unseen(bench.subject.bad), budget_s=budget_s)


def strike_between_question_and_answer(bench: Bench, number: signal.Signals, budget_s: float) -> EditVerdict:
    process = bench.ready()
    strike(process.pid, signal.SIGSTOP)  # so that no answer can be quicker than the blow
    asked = Asked(lambda: bench.review(bench.unseen(bench.subject.bad), budget_s=budget_s))
    wait_until(lambda: bool(process._pending) or process.state is ProcessState.DEAD, what="the question")
    strike(process.pid, number)
    return asked.verdict()


def strike_after_the_first_of_two_answers(
    bench: Bench, number: signal.Signals, budget_s: float
) -> EditVerdict:
    process = bench.ready()
    answered, last_id, receive = process._answered, process._last_id, process._receive

    def receive_and_strike(message: Message, child: BoundedChild) -> None:
        receive(message, child)
        if process._answered == answered + 1:
            wait_until(lambda: process._last_id == last_id + 2, what="the second question")
            strike(process.pid, number)

    # In the thread that reads the answers: it falls while the engine is at the long text, however busy the machine is.
    process._receive = receive_and_strike  # type: ignore[method-assign]
    return bench.review(bench.unseen(bench.subject.bad), before=bench.long(), budget_s=budget_s)


def strike_while_it_is_started_again(bench: Bench, number: signal.Signals, budget_s: float) -> EditVerdict:
    first = bench.ready()
    strike(first.pid, signal.SIGKILL)
    wait_until(lambda: first.state is ProcessState.DEAD, what="the first one's end")
    strike(bench.starting().pid, number)
    return bench.review(bench.unseen(bench.subject.bad), budget_s=min(budget_s, STRUCK_START_S / 2))


MOMENTS: Mapping[str, Callable[[Bench, signal.Signals, float], EditVerdict]] = {
    "before it is ready": strike_before_it_is_ready,
    "right after its start": strike_right_after_its_start,
    "between question and answer": strike_between_question_and_answer,
    "after the first of two answers": strike_after_the_first_of_two_answers,
    "while it is started again": strike_while_it_is_started_again,
}


class Belongings(msgspec.Struct, frozen=True, kw_only=True):
    """What a process holds that must not grow."""

    children: frozenset[int]
    descriptors: int
    engine_threads: int


def belongings() -> Belongings:
    """Count our children (zombies too), open files and engines' threads."""
    process = psutil.Process()
    return Belongings(
        children=frozenset(child.pid for child in process.children(recursive=True)),
        descriptors=process.num_fds(),
        engine_threads=sum(each.name.startswith("quality-") for each in threading.enumerate()),
    )
