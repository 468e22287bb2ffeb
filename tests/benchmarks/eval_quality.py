"""Serve edit verdicts as JSON lines, for a scoring program that starts this one and asks it.

Each line in is `{"id", "path", "language", "before": text or null, "after": text}`, each line out
`{"score", "issues", "verdict"}`. Run it by hand with `python tests/benchmarks/eval_quality.py`.
"""

from __future__ import annotations

import json
import sys
import time

import structlog

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.reviewer import Reviewer, standard_engines
from reasoningbank_schema.verdicts import EditVerdict, Label

_DEADLINE_S = 10.0
"""Far beyond what the daemon allows itself: quality is measured here, and the caller times each answer."""


def main() -> None:
    """Answer every line until the input ends."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # a log line is no answer
    reviewer = Reviewer(standard_engines())
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(reviewer, json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        reviewer.close()


def answer(reviewer: Reviewer, question: dict[str, str]) -> dict[str, object]:
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
