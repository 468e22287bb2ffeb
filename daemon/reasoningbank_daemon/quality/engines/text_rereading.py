"""What the rules over texts found in one text serves for the next, which is nearly the same: the two texts of an edit are.

A word that a rule looks for stands in the new text only where it stood before, or in what changed. Of a rule that looks no further than
a few lines around, only what changed is read again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.judging.change import shared_ends
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule

_MOST_FOUND = 200
"""Rules stop after so and so many findings in one text: with more than these a text is read as a whole."""
_MOST_READ_AGAIN = 0.7
"""Where more than this share of a text is read again there is little to gain."""

RuleFindings = tuple[Found, ...] | None
"""None where the text holds none of the words that the rule looks for."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A text that was read, and what each rule for its language found in it, in their order."""

    document: Document
    found: Sequence[RuleFindings]


class Rereading:
    """Reads a text by the reading of one that is nearly the same."""

    def __init__(self, known: Reading, document: Document) -> None:
        self._known = known
        self._document = document
        self._lines = lines = document.lines
        self._start, shared_at_end = shared_ends(known.document.lines, lines)
        self._old_end = len(known.document.lines) - shared_at_end
        self._new_end = len(lines) - shared_at_end
        self._changed = "\n".join(lines[self._start : self._new_end])

    def find(self, number: int, rule: TextRule) -> RuleFindings:
        """Return what the rule of a number finds, the same as if the text were read as a whole."""
        known = self._known.found[number]
        if known is None and not _holds_a_word(rule, self._document.language, self._changed):
            return None
        reach = rule.reach_lines
        if reach is None or not self.is_worth_it(reach) or len(known or ()) > _MOST_FOUND:
            return read_whole(rule, self._document)
        added = self._new_end - self._old_end
        stayed = [each for each in known or () if each.line <= self._start - reach]
        moved = [
            msgspec.structs.replace(each, line=each.line + added)
            for each in known or ()
            if each.line > self._old_end + reach
        ]
        return (*stayed, *self._around_the_change(rule, reach), *moved)

    def is_worth_it(self, reach: int = 0) -> bool:
        """Tell whether enough of the text is known, where a rule looks so far around a line."""
        return self._new_end - self._start + 4 * reach < _MOST_READ_AGAIN * len(self._lines)

    def _around_the_change(self, rule: TextRule, reach: int) -> list[Found]:
        """Read what changed and twice the reach around it, of which what stands at the edges is known better."""
        first = max(0, self._start - 2 * reach)
        text = "\n".join(self._lines[first : self._new_end + 2 * reach])
        found = read_whole(rule, msgspec.structs.replace(self._document, text=text)) or ()
        placed = (msgspec.structs.replace(each, line=each.line + first) for each in found)
        return [each for each in placed if self._start - reach < each.line <= self._new_end + reach]


def rereading(known: Reading | None, document: Document) -> Rereading | None:
    """Return how to read a text by a known one; None where it is another file's, or has little in common with it."""
    if (
        known is None
        or known.document.path != document.path
        or known.document.language is not document.language
        or _grows_in_small_letters(document.text)
        or _grows_in_small_letters(known.document.text)
    ):
        return None
    again = Rereading(known, document)
    return again if again.is_worth_it() else None


def _grows_in_small_letters(text: str) -> bool:
    """Tell whether a place in the text is another one in its small letters: then rules that ignore case say less of the whole."""
    return "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}" in text  # the only character that becomes two


def read_whole(rule: TextRule, document: Document) -> RuleFindings:
    """Return what a rule finds in a text."""
    return tuple(rule.find(document)) if _holds_a_word(rule, document.language, document.text) else None


def _holds_a_word(rule: TextRule, language: Language | None, text: str) -> bool:
    literals = rule.literals
    if language is Language.PYTHON and rule.python_literals is not None:
        literals = rule.python_literals
    return not literals or any(literal in text for literal in literals)
