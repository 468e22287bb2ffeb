"""The form of a rule over syntax trees."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity

JS_FAMILY = (Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX)
C_FAMILY = (Language.C, Language.CPP)

Example = tuple[Language, str]
"""A text in a language."""


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: tree-sitter queries by language, and what a match means.

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

    @property
    def languages(self) -> tuple[Language, ...]:
        """Return the languages that the rule looks at."""
        return tuple(self.queries)


def in_each(languages: tuple[Language, ...], query: str) -> dict[Language, str]:
    """Use one query for several languages whose grammars share the nodes it names."""
    return dict.fromkeys(languages, query)
