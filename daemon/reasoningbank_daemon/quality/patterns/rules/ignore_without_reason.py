"""A comment `reasoningbank: ignore[rule]` says no reason, or names no rule.

Whoever reads the line later must be able to tell whether the reason still holds. One without a rule keeps nothing quiet.
"""

from __future__ import annotations

from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule
from reasoningbank_daemon.quality.projects.ignore_comments import WORD, find_ignores
from reasoningbank_schema.verdicts import Category, Severity

_NO_RULE = "this comment names no rule, so nothing is kept quiet"


def _find(document: Document) -> Iterator[Found]:
    for fault in find_ignores(document.text, document.language).faults:
        yield Found(line=fault.line, column=fault.column, message="" if fault.has_rules else _NO_RULE)


RULE = TextRule(
    rule="ignore-without-reason",
    category=Category.AGENT,
    severity=Severity.NOTE,
    message="this comment keeps a finding quiet and says no reason",
    suggestion="write: reasoningbank: ignore[rule] and why the finding does not apply",
    find=_find,
    literals=(WORD,),
    fires=(
        (Language.PYTHON, "x = eval(y)  # reasoningbank: ignore[S307]\n"),
        (Language.PYTHON, "x = eval(y)  # reasoningbank: ignore y is ours\n"),
        (Language.GO, "f(x) // reasoningbank: ignore[dynamic-code] -\n"),
    ),
    quiet=(
        (Language.PYTHON, "x = eval(y)  # reasoningbank: ignore[S307] y is a constant of ours\n"),
        (Language.GO, 'f("# reasoningbank: ignore[dynamic-code]")\n'),
    ),
)
