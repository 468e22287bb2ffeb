"""How soon the verdict on an edit is there, and what verdicts cost those who ask for advice meanwhile.

Both texts of each edit are analysed, by a judge in a process of its own that remembers no finding from one edit to the next. Then they are judged
again, with a `ruff check` process on one of the same files now and then, because that is what a hook without a daemon would do.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from bench_beside import measure_beside
from bench_report import Report
from edit_pool import EditPool, line_count, open_edits
from prompt_pool import PromptPool
from rbtest.daemon_process import DaemonProcess
from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # the package ships no types

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.judge_apart import JudgeApart
from reasoningbank_daemon.quality.judge_messages import Role
from reasoningbank_daemon.quality.languages import Language

SHORT_LINES = 400
LONG_LINES = 4_000
LONG_ROUNDS = 30
WARMING = 60
"""Edits that are judged before the clock runs."""
RUFF_EVERY = 4
_DEADLINE_S = 10.0
_FORGETTING = tuple(
    Edit(
        path=f"small{number}.py",
        before=f"def f{number}():\n    pass\n\n\nx = input({number})\n",
        after=f"def g{number}():\n    pass\n\n\nx = input({number})\n",
    )
    for number in range(2)
)
"""As many texts as the parser remembers trees and modules of: after these the long file is a new one to it."""
_PREFERRED = ("typescript", "javascript", "go", "java")
"""Of which language the other long text is: files of the first can be joined and still parse."""


def measure_verdicts(
    daemon: DaemonProcess, pool: PromptPool, requests: int, report: Report, *, edits: Path | None
) -> None:
    """Measure verdicts alone, then what they cost others; ``edits`` is a folder as `edit_pool` reads it."""
    found = open_edits(edits, random.Random(1))
    measure_latency(found, report)
    measure_beside(daemon, pool, requests, found, report)


def measure_latency(edits: EditPool, report: Report) -> None:
    """Judge one edit at a time, as the daemon does, with the engines warm."""
    report.say(f"verdicts: before and after analysed, one edit at a time; {edits.source}")
    python = edits.of(python=True, most_lines=SHORT_LINES)
    others = edits.of(python=False, most_lines=SHORT_LINES)
    judge = JudgeApart(Role.FIRST, most_remembered=0)
    try:
        for language in Language:
            _judged_ms(judge, Edit(path="", after="", language=language.value))
        for edit in (*python[:WARMING], *others[:WARMING]):
            _judged_ms(judge, edit)
        with tempfile.TemporaryDirectory() as folder:
            ruff = _RuffCheck(Path(folder))
            _short("Python up to 400 lines", judge, python, ruff, report, budgets=("≤ 3", "≤ 25"))
            _short("other languages up to 400 lines", judge, others, ruff, report, budgets=("≤ 5", "≤ 40"))
            _long(judge, edits, ruff, report)
    finally:
        judge.close()


class _RuffCheck:
    """Times a `ruff check` process, which starts, reads one file, and ends."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "checked.py"
        self._command = [find_ruff_bin(), "check", "--isolated", "--no-cache", "--quiet", str(self._file)]

    def ms(self, text: str) -> float:
        """Return the milliseconds that the process took, its own rules at their defaults."""
        self._file.write_text(text, encoding="utf-8", errors="replace")
        began = time.perf_counter()
        subprocess.run(self._command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return 1e3 * (time.perf_counter() - began)


def _short(
    name: str,
    judge: JudgeApart,
    edits: Sequence[Edit],
    ruff: _RuffCheck,
    report: Report,
    *,
    budgets: tuple[str, str],
) -> None:
    """Judge short files, then again with processes of ruff in between, which cost the verdicts after them their caches.

    Of Python each ratio is of one file, of others it is to ruff on a text of the same file's length.
    """
    times = [_judged_ms(judge, edit) for edit in edits]
    compared: list[tuple[float, float]] = []
    for number, edit in enumerate(edits):
        verdict_ms = _judged_ms(judge, edit)
        if number % RUFF_EVERY == 0:
            text = edit.after if edit.language == "python" else _python_of(line_count(edit.after))
            compared.append((verdict_ms, ruff.ms(text)))
    beside = f"{len(times)} edits"
    report.figure(f"{name}, p50", _percentile(times, 0.5), "ms", budget=budgets[0], beside=beside)
    report.figure(f"{name}, p99", _percentile(times, 0.99), "ms", budget=budgets[1])
    _ratio(name, compared, report, is_same_file=edits[0].language == "python")


def _long(judge: JudgeApart, edits: EditPool, ruff: _RuffCheck, report: Report) -> None:
    """Judge a long file in Python and one in another language, alone and then with processes of ruff in between."""
    languages = {edit.language for edit in edits.edits}
    other = next(language for language in _PREFERRED if language in languages)
    python = edits.long_edit("python", LONG_LINES)
    for language, edit in (("python", python), (other, edits.long_edit(other, LONG_LINES))):
        alone = [_twice_ms(judge, _another(edit, number)) for number in range(LONG_ROUNDS)]
        firsts, times = zip(*alone, strict=True)
        compared = [
            (_twice_ms(judge, _another(edit, number))[1], ruff.ms(python.after))
            for number in range(LONG_ROUNDS, 2 * LONG_ROUNDS)
        ]
        lines = line_count(edit.after)
        name = f"a file of {LONG_LINES:,} lines, {language}"
        report.figure(f"{name}, never seen before, p50", statistics.median(firsts), "ms")
        report.figure(
            f"{name}, p50",
            statistics.median(times),
            "ms",
            budget="≤ 60",
            beside=f"{lines:,} lines, edited once more",
        )
        report.figure(f"{name}, slowest", max(times), "ms")
        _ratio(name, compared, report, is_same_file=language == "python")


def _twice_ms(judge: JudgeApart, edit: Edit) -> tuple[float, float]:
    """Return how long the verdict took on a file that the parser had not seen, or forgotten, and on the same once more."""
    for each in _FORGETTING:
        _judged_ms(judge, each)
    return _judged_ms(judge, edit), _judged_ms(judge, edit)


def _another(edit: Edit, number: int) -> Edit:
    """Return the edit of a file that begins with another line; in Python with a statement, on which all below may depend."""
    first = f"number = {number}\n" if edit.language == "python" else f"// {number}\n"
    return msgspec.structs.replace(edit, before=first + (edit.before or ""), after=first + edit.after)


def _ratio(name: str, compared: Sequence[tuple[float, float]], report: Report, *, is_same_file: bool) -> None:
    verdict = statistics.median(ours for ours, _ in compared)
    process = statistics.median(theirs for _, theirs in compared)
    what = "on the same files" if is_same_file else "on Python of the same length"
    report.figure(
        f"{name}: verdict ÷ one `ruff check` process",
        verdict / process,
        "x",
        beside=f"{verdict:.2f} ms ÷ {process:.2f} ms {what}, {len(compared)} processes between the verdicts",
    )


def _python_of(lines: int) -> str:
    return "def f(x):\n    return x\n\n\n" * (lines // 4 + 1)


def _judged_ms(judge: JudgeApart, edit: Edit) -> float:
    began = time.perf_counter()
    judge.examine(edit, time.monotonic() + _DEADLINE_S)
    return 1e3 * (time.perf_counter() - began)


def _percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
