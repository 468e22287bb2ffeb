"""Measure the daemon with a generated bank against its budgets: ``make bench``.

Prints each figure with its budget; nothing is asserted, because figures taken on a busy machine mean little. A
bare ping, a bare FTS5 query and a bare interpreter of the same run stand beside the figures that rest on them.

    make bench ARGS="--tasks 100000 --prompts FOLDER"     generate, then measure (the bank takes 6 minutes)
    make bench ARGS="--bank HOME --prompts FOLDER"        measure a copy of a bank that generate_bank.py made

``--edits`` names a folder with edits to judge (see edit_pool.py); without it they are generated programs.
``--prompts`` names files or folders with questions (see prompt_pool.py); without it they are generated words.
"""

from __future__ import annotations

import argparse
import functools
import logging
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import structlog
from bench_meaning import measure_meaning
from bench_report import Report
from bench_serving import measure_events, measure_memory_empty, measure_pre_task, measure_start
from bench_verdicts import measure_verdicts
from bench_words import measure_hook, measure_lexical
from generate_bank import generate
from prompt_pool import PromptPool, open_pool
from rbtest.daemon_process import DaemonProcess, scratch_home

Part = Callable[[DaemonProcess, PromptPool, int, Report], None]

PARTS: dict[str, Part] = {
    "start": measure_start,
    "empty": measure_memory_empty,
    "pre-task": measure_pre_task,
    "events": measure_events,
    "lexical": measure_lexical,
    "hook": measure_hook,
    "meaning": measure_meaning,
}
VERDICTS = "verdicts"
"""What can be measured, in this order, and last the verdicts on edits. Each part gets a stopped daemon whose bank is there, and leaves it stopped."""


def main() -> None:
    """Make or copy a bank, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=2000, help="tasks to generate (2000)")
    parser.add_argument("--bank", type=Path, help="home of a generated bank; it is copied, not changed")
    parser.add_argument("--requests", type=int, default=4000, help="requests a measurement (4000)")
    parser.add_argument("--prompts", type=Path, nargs="*", default=[], help="files or folders with questions")
    parser.add_argument(
        "--parts",
        nargs="*",
        choices=(*PARTS, VERDICTS),
        default=[*PARTS, VERDICTS],
        help="what to measure (all)",
    )
    parser.add_argument("--edits", type=Path, help="folder with edits to judge (see edit_pool.py)")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parts: dict[str, Part] = {**PARTS, VERDICTS: functools.partial(measure_verdicts, edits=given.edits)}
    rng = random.Random(1)
    pool = open_pool(given.prompts, rng)
    report = Report()
    with scratch_home() as home:
        daemon = DaemonProcess(home)
        if given.bank:
            shutil.copytree(given.bank / "data", home / "data")
            shutil.copytree(given.bank / "state", home / "state")
            report.say(f"bank: a copy of {given.bank}")
        else:
            seconds = generate(daemon.paths, pool.to_record(rng), tasks=given.tasks)
            report.say(f"bank: {given.tasks} tasks generated in {seconds:.0f} s")
        os.sync()  # or the disk is still at the bank when the first figures are taken
        report.say(f"prompts: {pool.source}; {len(pool.asked)} to ask, median {pool.median_words:.0f} words")
        for name in given.parts:
            parts[name](daemon, pool, given.requests, report)


if __name__ == "__main__":
    main()
