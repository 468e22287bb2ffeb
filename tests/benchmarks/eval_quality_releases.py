"""Count what the verdicts say of edits between two releases of a package: nearly all of them are sound.

    python tests/benchmarks/eval_quality_releases.py [--samples FILE] OLD NEW [OLD NEW ...]

OLD and NEW are folders with the sources of two releases. Each file that changed is cut into its hunks, as a diff with three
lines of context shows them, and one hunk is applied after the other: each is an edit. An edit that is called worse or broken
counts as a false alarm, whether or not it was one. Where the steps are not sound by themselves (a name is used one hunk before
it is defined), the release as a whole is: an issue is `passing` that is gone when the file has its last hunk.
"""

from __future__ import annotations

import difflib
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import msgspec
import structlog

from reasoningbank_daemon.quality.edit import Edit
from reasoningbank_daemon.quality.languages import Language, language_of
from reasoningbank_daemon.quality.reviewer import Reviewer, standard_engines
from reasoningbank_schema.verdicts import EditVerdict, Issue, Label, Severity

_DEADLINE_S = 10.0
_CONTEXT_LINES = 3
_MOST_CHARACTERS = 200_000
_MOST_HUNKS = 60
"""A file with more was written anew, and its hunks say little."""
_DATA = frozenset({Language.JSON, Language.YAML, Language.TOML})


class Counts(msgspec.Struct, kw_only=True):
    """What was counted in one group of languages."""

    files: int = 0
    whole: int = 0
    whole_rules: Counter[str] = msgspec.field(default_factory=Counter)
    hunks: int = 0
    flagged: int = 0
    lasting: int = 0
    rules: Counter[str] = msgspec.field(default_factory=Counter)
    lasting_rules: Counter[str] = msgspec.field(default_factory=Counter)


def main() -> None:
    """Judge the hunks between the releases named on the command line, and print the counts."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    words = sys.argv[1:]
    samples = None
    if words[:1] == ["--samples"]:
        samples = Path(words[1]).open("w", encoding="utf-8")  # noqa: SIM115 - closed when the program ends
        words = words[2:]
    counts = {"python": Counts(), "other languages": Counts()}
    reviewer = Reviewer(standard_engines())
    try:
        for old, new in zip(words[::2], words[1::2], strict=True):
            for path, language, before, after in changed_files(Path(old), Path(new)):
                group = counts["python" if language is Language.PYTHON else "other languages"]
                judge_file(reviewer, group, path, (before, after), samples)
    finally:
        reviewer.close()
    for name, group in counts.items():
        print_counts(name, group)


def changed_files(old: Path, new: Path) -> Iterator[tuple[str, Language, str, str]]:
    """Yield each program text that is in both releases and differs: its path, language, and the two texts."""
    for folder, folders, names in os.walk(new):
        folders.sort()
        for name in sorted(names):
            path = str((Path(folder) / name).relative_to(new))
            one, other = old / path, new / path
            if not one.is_file():
                continue
            try:
                before, after = one.read_text("utf-8"), other.read_text("utf-8")
            except UnicodeDecodeError:
                continue
            language = language_of(path, after)
            if language is None or language in _DATA or before == after or ".min." in name:
                continue
            if max(len(before), len(after)) <= _MOST_CHARACTERS:
                yield path, language, before, after


def steps(before: str, after: str) -> list[str]:
    """Return the texts of a file from `before` to `after`, one hunk apart."""
    old, new = before.split("\n"), after.split("\n")
    matcher = difflib.SequenceMatcher(None, old, new)
    texts = [before]
    for group in matcher.get_grouped_opcodes(_CONTEXT_LINES):
        end_old, end_new = group[-1][2], group[-1][4]
        texts.append("\n".join((*new[:end_new], *old[end_old:])))
    return texts


def judge_file(
    reviewer: Reviewer, counts: Counts, path: str, ends: tuple[str, str], samples: TextIO | None
) -> None:
    """Judge one file's change as a whole, and each step of it."""
    before, after = ends
    texts = steps(before, after)
    if len(texts) - 1 > _MOST_HUNKS:
        return
    whole = {(issue.rule, issue.message) for issue in weighty(review(reviewer, path, before, after))}
    counts.files += 1
    counts.whole += bool(whole)
    counts.whole_rules.update({rule for rule, _ in whole})
    for one, other in itertools.pairwise(texts):
        verdict = review(reviewer, path, one, other)
        counts.hunks += 1
        if verdict.label not in (Label.WORSE, Label.BROKEN):
            continue
        issues = weighty(verdict)
        lasting = [issue for issue in issues if (issue.rule, issue.message) in whole]
        counts.flagged += 1
        counts.lasting += bool(lasting)
        counts.rules.update({issue.rule for issue in issues})
        counts.lasting_rules.update({issue.rule for issue in lasting})
        if samples is not None:
            found = [(issue.rule, issue.line, issue.message, issue in lasting) for issue in issues]
            samples.write(json.dumps({"path": path, "issues": found, "before": one, "after": other}) + "\n")


def review(reviewer: Reviewer, path: str, before: str, after: str) -> EditVerdict:
    """Return the verdict on one edit."""
    return reviewer.review(Edit(path=path, before=before, after=after), time.monotonic() + _DEADLINE_S)


def weighty(verdict: EditVerdict) -> list[Issue]:
    """Return the new issues above a note."""
    return [issue for issue in verdict.issues if issue.severity is not Severity.NOTE]


def print_counts(name: str, counts: Counts) -> None:
    """Print how many hunks were flagged, and by which rules."""
    hunks = max(1, counts.hunks)
    print(
        f"{name}: {counts.files} files, {counts.hunks} hunks, flagged {100 * counts.flagged / hunks:.1f} %, "
        f"of these still there at the end {100 * counts.lasting / hunks:.1f} %"
    )
    print("  per 1,000 hunks, and of these lasting:")
    for rule, count in counts.rules.most_common():
        print(f"  {1000 * count / hunks:6.2f} {1000 * counts.lasting_rules[rule] / hunks:6.2f}  {rule}")
    files = max(1, counts.files)
    print(f"  of the files, each as one edit, flagged {100 * counts.whole / files:.1f} %; per 1,000 files:")
    for rule, count in counts.whole_rules.most_common():
        print(f"  {1000 * count / files:6.2f}         {rule}")


if __name__ == "__main__":
    main()
