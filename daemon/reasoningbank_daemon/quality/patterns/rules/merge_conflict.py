"""The markers of a merge conflict are left in the text.

All three markers must be there: a line of equals signs alone underlines a title in many a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import place
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_BEGIN = re.compile(r"^<{7} \S", re.MULTILINE)
_SEPARATOR = re.compile(r"^={7}$", re.MULTILINE)
_END = re.compile(r"^>{7} \S", re.MULTILINE)


def _find(document: Document) -> Iterator[Found]:
    text = document.text
    if "<<<<<<< " not in text or not _END.search(text) or not _SEPARATOR.search(text):
        return
    for match in _BEGIN.finditer(text):
        yield place(text, match.start())


RULE = TextRule(
    rule="merge-conflict",
    category=Category.SYNTAX,
    severity=Severity.ERROR,
    message="a merge conflict is left unresolved",
    suggestion="keep one side, and take the markers out",
    find=_find,
    fires=((Language.PYTHON, "a = 1\n<<<<<<< HEAD\nb = 1\n=======\nb = 2\n>>>>>>> feature\n"),),
    quiet=((Language.PYTHON, '"""\nTitle\n=======\n"""\n'), (Language.BASH, "cat <<<<<<< HEAD\n")),
)
