"""An `end` at the top of a Ruby file closes nothing; the grammar takes it for a name."""

from __future__ import annotations

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import Pattern
from reasoningbank_schema.verdicts import Category, Severity

RULE = Pattern(
    rule="stray-end",
    category=Category.SYNTAX,
    severity=Severity.ERROR,
    message="this `end` closes nothing",
    suggestion="take it out, or open the block that it should close",
    queries={
        Language.RUBY: '(program (identifier) @issue (#eq? @issue "end"))'
    },  # elsewhere it may be a method
    fires=((Language.RUBY, "def f\n  1\nend\nend\n"),),
    quiet=((Language.RUBY, "def f\n  range.end\nend\n"),),
)
