"""Make a bank of recorded tasks for the benchmarks, through the recorder that the daemon runs.

Each task has eight steps: two edits of 60 changed lines each (24 removed, 36 added, in three hunks), five commands
with their output (the last one a test run) and one other tool call; and around them what a real task has: a
prompt (given by the caller, used as it is), a decision, verdicts of the edits, a Stop, nine messages' usage. Four
tasks make a session; more than half an hour lies between tasks, so each prompt is a task of its own.

Code and output are drawn word by word from a vocabulary by a seeded generator, so that they compress no better
than real code does: `python tests/benchmarks/generate_bank.py --calibrate FOLDER` prints the compressed size of an
edit beside that of edits made from the source files of a folder.

Run: ``python tests/benchmarks/generate_bank.py BANK_HOME --tasks 1000 --prompts FILE_OR_FOLDER``.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import msgspec
import zstandard
from generated_text import Author
from prompt_pool import open_pool

from reasoningbank_daemon.learning import experience, goals, outcome
from reasoningbank_daemon.learning.strategies import strategy_of
from reasoningbank_daemon.storage import sqlite
from reasoningbank_daemon.storage.opening import open_bank
from reasoningbank_daemon.storage.recording.recorder import Recorder
from reasoningbank_daemon.storage.records import (
    DecisionRecord,
    EventRecord,
    Record,
    SweepRecord,
    UsageMessage,
    UsageRecord,
    VerdictRecord,
)
from reasoningbank_daemon.storage.rules import Rules
from reasoningbank_daemon.storage.watermark import Watermark, write_watermark
from reasoningbank_schema.advice import Estimate, ModelSelection
from reasoningbank_schema.events import (
    AgentEvent,
    CommandRun,
    FileEdited,
    Origin,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    ToolUsed,
    TurnEnded,
)
from reasoningbank_schema.paths import Paths, resolve_paths
from reasoningbank_schema.redaction import redact
from reasoningbank_schema.verdicts import EditVerdict, Label

STEPS_PER_TASK = 8
EDITS_PER_TASK = 2
CHANGED_LINES = 60
TASKS_PER_SESSION = 4
PROJECTS = 40
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
START_NS = 1_735_000_000_000_000_000
SECOND_NS = 1_000_000_000
GROUP_RECORDS = 400


def default_rules() -> Rules:
    """Return the daemon's rules, except that no text is made for indexes, which nobody hears of here."""
    return Rules(
        continues=lambda prompt, goal, now_ns: goals.continues(prompt, goal, now_ns=now_ns),
        react=lambda prompt, at_ns: outcome.next_prompt_evidence(prompt, at_ns, joins=False),
        gather=outcome.gather,
        judge=outcome.judge,
        tell=experience.tell,
        name_strategy=lambda trajectory: strategy_of(trajectory.steps),
        document=lambda _trajectory, _lesson: "",
    )


class _Teller:
    """Tell the sessions of a bank as records."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._author = Author(rng)
        self._at_ns = START_NS
        self._calls = 0

    def session(self, number: int, prompts: list[str]) -> Iterator[Record]:
        key = f"{self._rng.getrandbits(128):032x}"
        folder = f"/home/dev/project{number % PROJECTS:02d}"
        model = self._rng.choice(MODELS)
        yield self._record(SessionStarted(origin=self._origin(key, folder, None, model=model)))
        for place, prompt in enumerate(prompts):
            yield from self._task(key, folder, f"{key[:24]}{place:012x}", prompt, model)
            self._at_ns += 31 * 60 * SECOND_NS
        yield self._record(SessionEnded(origin=self._origin(key, folder, None)))
        yield SweepRecord(now_ns=self._at_ns + 3600 * SECOND_NS)

    def _task(self, key: str, folder: str, turn: str, prompt: str, model: str) -> Iterator[Record]:
        started_ns = self._at_ns
        asked = self._record(PromptSubmitted(origin=self._origin(key, folder, turn), prompt=prompt))
        yield asked
        yield self._decision(asked, model, prompt)
        fails = self._rng.random() < 0.35
        for step in range(STEPS_PER_TASK):
            event = self._step(step, key, folder, turn, fails=fails)
            record = self._record(event)
            yield record
            if isinstance(event, FileEdited):
                yield self._verdict(record, event)
        yield self._record(
            TurnEnded(origin=self._origin(key, folder, turn), last_message=self._author.output(2))
        )
        yield self._usage(key, started_ns, model)

    def _step(self, step: int, key: str, folder: str, turn: str, *, fails: bool) -> AgentEvent:
        rng, author = self._rng, self._author
        origin = self._origin(key, folder, turn)
        call = f"toolu_{rng.getrandbits(96):024x}"
        if step in (2, 5):
            author.open_file()
            patch = tuple(author.hunk(start) for start in sorted(rng.sample(range(1, 900), 3)))
            old = "\n".join(line[1:] for hunk in patch for line in hunk.lines if line[0] in " -")
            new = "\n".join(line[1:] for hunk in patch for line in hunk.lines if line[0] in " +")
            path = f"{folder}/src/{author.name()}/{author.name()}.py"
            return FileEdited(
                origin=origin,
                tool="Edit",
                path=path,
                before=old,
                after=new,
                patch=patch,
                tool_use_id=call,
                duration_ms=rng.randrange(2, 60),
            )
        if step == 3:
            return ToolUsed(
                origin=origin, tool="WebFetch", tool_use_id=call, duration_ms=rng.randrange(100, 3000)
            )
        last = step == STEPS_PER_TASK - 1
        tests = last or step == 4
        failed = int(last and fails) or int(step == 4 and rng.random() < 0.5)
        return CommandRun(
            origin=origin,
            command=f"pytest -q {folder}/tests/test_{author.name()}.py" if tests else author.command(folder),
            exit_status=1 if failed else 0,
            stdout=author.test_run(folder, failed=failed) if tests else author.output(rng.randrange(1, 11)),
            tool_use_id=call,
            duration_ms=rng.randrange(5, 60_000),
        )

    def _origin(self, key: str, folder: str, turn: str | None, model: str | None = None) -> Origin:
        self._at_ns += self._rng.randrange(2, 40) * SECOND_NS
        return Origin(
            host="claude-code", session_id=key, at_ns=self._at_ns, cwd=folder, turn_id=turn, model=model
        )

    def _record(self, event: AgentEvent) -> EventRecord:
        return EventRecord(
            nonce=self._rng.randbytes(16),
            at_ns=event.origin.at_ns,
            event=event,
            via="settings",
            fingerprint=self._rng.randbytes(16),
        )

    def _decision(self, asked: EventRecord, model: str, prompt: str) -> DecisionRecord:
        rng = self._rng
        selection = ModelSelection(
            model=model,
            alias=model.split("-")[1],
            tier="standard",
            strategy="direct",
            evidence=rng.randrange(0, 60),
            confidence=rng.random(),
            duration_s=Estimate(p50=rng.uniform(5, 300), p90=rng.uniform(300, 900), n=rng.randrange(1, 40)),
            cost_usd=Estimate(p50=rng.uniform(0.01, 0.5), p90=rng.uniform(0.5, 3), n=rng.randrange(1, 40)),
            reasons=(f"of {rng.randrange(2, 40)} similar tasks {rng.randrange(2, 40)} succeeded on it",),
        )
        inputs = {
            "candidates": {name: [rng.randrange(50), round(rng.random(), 4)] for name in MODELS},
            "similar": [[rng.randrange(100_000), round(rng.random(), 4)] for _ in range(10)],
            "prompt_chars": len(prompt),
        }
        return DecisionRecord(
            nonce=asked.nonce,
            host=asked.event.origin.host,
            session_id=asked.event.origin.session_id,
            at_ns=asked.at_ns,
            selection=selection,
            inputs=inputs,
            config_sha256="0" * 64,
            code_version="0.1.0",
            models_version="generated",
        )

    def _verdict(self, record: EventRecord, event: FileEdited) -> VerdictRecord:
        label = self._rng.choice((Label.SAME, Label.SAME, Label.SAME, Label.BETTER, Label.WORSE))
        verdict = EditVerdict(
            path=event.path, language="python", label=label, score_after=97.0, content_sha256="0" * 64
        )
        return VerdictRecord(
            nonce=record.nonce, host=event.origin.host, session_id=event.origin.session_id, verdict=verdict
        )

    def _usage(self, key: str, started_ns: int, model: str) -> UsageRecord:
        rng = self._rng
        messages = tuple(
            UsageMessage(
                message_id=f"msg_{rng.getrandbits(96):024x}",
                at_ns=started_ns + (place + 1) * 20 * SECOND_NS,
                model=model,
                tokens_input=rng.randrange(2, 4000),
                tokens_output=rng.randrange(20, 2500),
                tokens_cache_read=rng.randrange(0, 120_000),
                tokens_cache_write_5m=rng.randrange(0, 20_000),
                cost_usd=rng.uniform(0.001, 0.4),
            )
            for place in range(9)
        )
        return UsageRecord(
            host="claude-code",
            session_id=key,
            path=f"/home/dev/.claude/projects/p/{key}.jsonl",
            byte_offset=rng.randrange(1 << 20),
            messages=messages,
            price_list="generated",
            at_ns=self._at_ns,
        )


def records(prompts: Iterator[str], *, tasks: int, seed: int = 1) -> Iterator[Record]:
    """Yield the records of a bank; the same prompts and seed give the same records."""
    rng = random.Random(seed)
    teller = _Teller(rng)
    for number in range(0, tasks, TASKS_PER_SESSION):
        batch = [next(prompts) for _ in range(min(TASKS_PER_SESSION, tasks - number))]
        yield from teller.session(number // TASKS_PER_SESSION, batch)


def generate(
    paths: Paths,
    prompts: Iterator[str],
    *,
    tasks: int,
    seed: int = 1,
    redact: Callable[[str], str] = lambda text: text,
) -> float:
    """Write a bank of so many tasks under ``paths``; return the seconds that took.

    The rows are those of the daemon's own recorder. Two things are left out because they cost time and change no
    row: the disk is synced once at the end, and texts are not searched for secrets unless ``redact`` is given
    (generated ones hold none; `tests/unit/storage/test_generated_bank.py` compares).
    """
    began = time.monotonic()
    opened = open_bank(paths, now_ns=START_NS)
    opened.db.pragma("synchronous", "OFF")
    recorder = Recorder(
        opened.db,
        rules=default_rules(),
        redact=redact,
        project_key=lambda cwd: cwd,
    )
    group: list[Record] = []
    for record in records(prompts, tasks=tasks, seed=seed):
        group.append(record)
        if len(group) >= GROUP_RECORDS:
            _write(opened.db, recorder, group)
            group = []
    _write(opened.db, recorder, group)
    opened.db.pragma("synchronous", "FULL")
    opened.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    mark = Watermark(bank_id=opened.bank_id, sequence=recorder.sequence, at_ns=START_NS)
    opened.db.close()
    write_watermark(paths.watermark, mark)
    return time.monotonic() - began


def _write(db: apsw.Connection, recorder: Recorder, group: list[Record]) -> None:
    with sqlite.transaction(db):
        for record in group:
            recorder.apply(record)
        recorder.settle()
    recorder.take_effects()
    if db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)[0] > 100_000:
        raise RuntimeError("the log grows without bound: does another process read the bank?")


def calibrate(folder: Path, *, edits: int = 400, seed: int = 1) -> tuple[float, float]:
    """Return the mean compressed bytes of generated edits, and of edits cut from the sources in a folder."""
    rng = random.Random(seed)
    compressor = zstandard.ZstdCompressor(level=3)
    author = Author(rng)
    sources = [path.read_text("utf-8", "replace").splitlines() for path in folder.rglob("*.py")]
    sources = [lines for lines in sources if len(lines) > 60]

    class Quoting(Author):
        def __init__(self) -> None:
            super().__init__(rng)
            self._lines: list[str] = []

        def line(self) -> str:
            if not self._lines:
                lines = rng.choice(sources)
                start = rng.randrange(len(lines) - 20)
                self._lines = lines[start : start + 20]
            return self._lines.pop()

    def size(writer: Author) -> float:
        total = 0
        for _ in range(edits):
            writer.open_file()
            text = "\n".join(line for start in (10, 200, 700) for line in writer.hunk(start).lines)
            total += len(compressor.compress(text.encode()))
        return total / edits

    return size(author), size(Quoting())


def main(argv: list[str]) -> int:
    """Generate a bank, or calibrate the generator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, nargs="?")
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--prompts", type=Path, nargs="*", default=[], help="files or folders: see prompt_pool.py"
    )
    parser.add_argument(
        "--redact", action="store_true", help="search the texts for secrets, as the daemon does"
    )
    parser.add_argument("--calibrate", type=Path)
    chosen = parser.parse_args(argv)
    if chosen.calibrate is not None:
        generated, real = calibrate(chosen.calibrate)
        sys.stdout.write(
            f"an edit, compressed: generated {generated:.0f} bytes, from sources {real:.0f} bytes\n"
        )
        return 0
    if chosen.home is None:
        parser.error("give BANK_HOME")
    rng = random.Random(chosen.seed)
    pool = open_pool(chosen.prompts, rng)
    paths = resolve_paths({"RB_HOME": str(chosen.home)}, home=chosen.home)
    taken = generate(
        paths,
        pool.to_record(rng),
        tasks=chosen.tasks,
        seed=chosen.seed,
        redact=(lambda text: redact(text).text) if chosen.redact else (lambda text: text),
    )
    size = paths.bank.stat().st_size
    report = {"tasks": chosen.tasks, "seconds": round(taken, 1), "bytes_per_task": round(size / chosen.tasks)}
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
