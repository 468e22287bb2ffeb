"""Output that was written to look for a fault is left behind: `print("here")`, `console.log("DEBUG", x)`, `dbg!(x)`.

Plain output may be what the program is for, so only what says that it is for debugging is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import CODE, JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_WORDS = r"(?:debug(?:ging)?\b|xxx+\b|here\b\s*\d*\W|test(?:ing)?\s*\d*['\"]|got here|reached|=====*|>>>>*|\*\*\*\**|#{4,}|-{5,})"
_PRINTS = (
    r"(?:\bprint(?:f|ln|_r)?|\bconsole\.(?:log|debug)|\bSystem\.(?:out|err)\.print(?:ln|f)?|\bfmt\.Print(?:ln|f)?"
    r"|\bConsole\.Write(?:Line)?|\b(?:e)?println!|\bNSLog|\becho|\bputs)"
)
_MARKED = re.compile(rf"{_PRINTS}\s*\(?\s*[frb@$]?@?[\"'`]\W{{0,4}}{_WORDS}", re.IGNORECASE)
_PYTHON = re.compile(
    r"\bprint\(\s*f(['\"])\{[\w.\[\]]+=\}(?:,?\s*\{[\w.\[\]]+=\})*\1\s*\)|\bicecream\b|(?<![\w.])ic\("
)
_RUST = re.compile(r"\bdbg!\(")


def _find(document: Document) -> Iterator[Found]:
    yield from search(document, _MARKED)
    if document.language is Language.PYTHON:
        yield from search(document, _PYTHON)
    elif document.language is Language.RUST:
        yield from search(document, _RUST)


RULE = TextRule(
    rule="debug-output",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="output for debugging is left in the code",
    suggestion="take it out, or log it at the debug level",
    find=_find,
    languages=tuple(each for each in CODE if each is not Language.BASH),
    fires=(
        (Language.PYTHON, 'print("DEBUG:", x)\nprint(f"{total=}")\n'),
        (Language.PYTHON, 'print("here 1")\nprint("=======", x)\n'),
        *((language, "console.log('>>>> here', x);\n") for language in JS_FAMILY),
        (Language.GO, 'fmt.Println("debug", x)\n'),
        (Language.JAVA, 'System.out.println("DEBUG " + x);\n'),
        (Language.RUST, "let y = dbg!(x);\n"),
    ),
    quiet=(
        (Language.PYTHON, 'print("usage: tool FILE")\nprint(total)\nlog.debug("x", x)\n# print("DEBUG")\n'),
        (Language.JAVASCRIPT, "console.log('Listening on ' + port);\n"),
    ),
)
