"""The forms of our own rules: over syntax trees, over the text, over the change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.flow.sinks import PythonFlow
from reasoningbank_daemon.quality.judging.change import Change
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.python_signs import PythonSign
from reasoningbank_schema.verdicts import Category, Severity

JS_FAMILY = (Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX)
C_FAMILY = (Language.C, Language.CPP)
CODE = tuple(each for each in Language if each not in {Language.JSON, Language.TOML, Language.YAML})

Example = tuple[Language, str]
"""A text in a language."""

ChangeExample = tuple[Language, str | None, str]
"""A text before (None: a new file) and after an edit."""

EXAMPLE_PATH = "tests/test_example"
"""Where the examples of rules over changes lie: some of those rules look at tests alone."""


FEW_LINES = 8
"""The reach of a rule over a line, or over a call that goes over some lines."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a rule holds. What is left empty is what the rule says in general."""

    line: int
    column: int = 1
    message: str = ""
    suggestion: str = ""
    severity: Severity | None = None


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over syntax trees: tree-sitter queries by language, and what a match means.

    A query captures as `@issue` the node that is reported. Where it also captures `@stood`, the line on which that
    node begins must have stood in the text before the edit for the finding to weigh more than a note: the rule
    speaks of something that was there and was lost.

    `fires` and `quiet` are texts in which the rule finds something and nothing: the tests run them, and the rule's page
    shows the first ones.
    """

    rule: str
    category: Category
    severity: Severity
    message: str
    suggestion: str
    queries: Mapping[Language, str]
    fires: tuple[Example, ...]
    quiet: tuple[Example, ...]
    python_sign: PythonSign | None = None
    """Tells without a tree whether a Python text may hold a match; None means that each may."""

    @property
    def languages(self) -> tuple[Language, ...]:
        """Return the languages that the rule looks at."""
        return tuple(self.queries)


class TextRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over a text, whatever its grammar; `languages` None means all texts.

    A text that holds none of the `literals` is not looked at: finding a word costs a thousandth of a regular expression.
    """

    rule: str
    category: Category
    severity: Severity
    message: str
    suggestion: str
    find: Callable[[Document], Iterable[Found]]
    fires: tuple[Example, ...]
    quiet: tuple[Example, ...]
    languages: tuple[Language, ...] | None = None
    literals: tuple[str, ...] = ()
    python_literals: tuple[str, ...] | None = None
    """Those for a Python text, where they are fewer than for all languages together."""
    reach_lines: int | None = None
    """Whether there is a finding on a line depends on no line further from it than this, of the text; None: on any line."""


class ChangeRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over what an edit took away and put in; what it finds is new by its nature."""

    rule: str
    category: Category
    severity: Severity
    message: str
    suggestion: str
    find: Callable[[Change], Iterable[Found]]
    fires: tuple[ChangeExample, ...]
    quiet: tuple[ChangeExample, ...]
    languages: tuple[Language, ...] | None = None


class FlowRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over what comes from outside: where it does harm of one kind, language by language.

    Python is followed in its tree, the others line by line; the pattern of a sink there ends where its argument begins.
    """

    rule: str
    category: Category
    severity: Severity
    message: str
    suggestion: str
    python: PythonFlow | None
    lines: Mapping[Language, re.Pattern[str]] = {}
    supersedes: tuple[str, ...] = ()
    """Rules that say less of the same line; their findings there are left out."""
    fires: tuple[Example, ...]
    quiet: tuple[Example, ...]

    @property
    def languages(self) -> tuple[Language, ...]:
        """Return the languages that the rule looks at."""
        return (*((Language.PYTHON,) if self.python is not None else ()), *self.lines)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One edit of a file within a task: the lines that it replaced and those that took their place, stripped."""

    line: int
    old: str
    new: str


class HistoryRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over the steps that a file took in one task; its examples are the texts of a file, one after the other."""

    rule: str
    category: Category
    severity: Severity
    message: str
    suggestion: str
    find: Callable[[Sequence[Step], Step], Found | None]
    fires: tuple[tuple[Language, tuple[str, ...]], ...]
    quiet: tuple[tuple[Language, tuple[str, ...]], ...]
    languages: tuple[Language, ...] | None = None


Rule = Pattern | TextRule | ChangeRule | FlowRule | HistoryRule


def in_each(languages: tuple[Language, ...], query: str) -> dict[Language, str]:
    """Use one query for several languages whose grammars share the nodes it names."""
    return dict.fromkeys(languages, query)
