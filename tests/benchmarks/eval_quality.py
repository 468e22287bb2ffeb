"""Serve edit verdicts as JSON lines, for a scoring program that starts this one and asks it.

Each line in is `{"id", "path", "language", "before": text or null, "after": text}`, each line out
`{"score", "issues", "verdict"}`. Run it by hand with `python tests/benchmarks/eval_quality.py`. With `--rules FOLDER` it counts
instead how often each rule fires above a note on the good edits in the folder's `edit_good.jsonl.gz`.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TypedDict

import structlog

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.reviewer import Reviewer, standard_engines
from reasoningbank_schema.verdicts import EditVerdict, Label

_DEADLINE_S = 10.0
"""Far beyond what the daemon allows itself: quality is measured here, and the caller times each answer."""


class Answer(TypedDict):
    """What the scoring program reads of one line."""

    score: float
    verdict: str
    issues: list[dict[str, object]]
    missing: list[str]


def main() -> None:
    """Answer every line until the input ends, or count the rules."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # a log line is no answer
    reviewer = Reviewer(standard_engines())
    try:
        if sys.argv[1:2] == ["--rules"]:
            count_rules(reviewer, Path(sys.argv[2]))
            return
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(reviewer, json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        reviewer.close()


def count_rules(reviewer: Reviewer, folder: Path) -> None:
    """Print on how many good edits each rule fires above a note."""
    counts: Counter[str] = Counter()
    edits = 0
    with gzip.open(folder / "edit_good.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            found = answer(reviewer, json.loads(line))["issues"]
            counts.update({str(each["rule"]) for each in found if each["severity"] != "note"})
            edits += 1
    print(f"of {edits} good edits")
    for rule, count in counts.most_common():
        print(f"{count:5d} {rule}")


def answer(reviewer: Reviewer, question: dict[str, str]) -> Answer:
    """Return the verdict on one question in the words of the scoring program."""
    edit = Edit(
        path=question["path"],
        language=question.get("language"),
        before=question.get("before"),
        after=question["after"],
    )
    verdict = reviewer.review(edit, time.monotonic() + _DEADLINE_S)
    return {
        "score": verdict.score_after,
        "verdict": "worse" if verdict.label in (Label.BROKEN, Label.WORSE) else verdict.label.value,
        "issues": _issues(verdict),
        "missing": [f"{each.engine}: {each.reason}" for each in verdict.engines_missing],
    }


def _issues(verdict: EditVerdict) -> list[dict[str, object]]:
    return [
        {
            "line": issue.line,
            "rule": issue.rule,
            "severity": issue.severity.value,
            "category": issue.category.value,
            "message": issue.message,
            "new": True,
        }
        for issue in verdict.issues
    ]


if __name__ == "__main__":
    main()
