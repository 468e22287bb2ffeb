"""Output that was written to look for a fault is left behind: `print("here")`, `console.log("DEBUG", x)`, `dbg!(x)`.

Plain output may be what the program is for, so only what says that it is for debugging is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import search_at
from reasoningbank_daemon.quality.patterns.pattern import CODE, FEW_LINES, JS_FAMILY, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_WORDS = r"(?:debug(?:ging)?\b|xxx+\b|here\b\s*\d*\W|test(?:ing)?\s*\d*['\"]|got here|reached|=====*|>>>>*|\*\*\*\**|#{4,}|-{5,})"
_PRINTS = (
    r"(?<![\w.])(?:print(?:f|ln|_r)?|console\.(?:log|debug)|System\.(?:out|err)\.print(?:ln|f)?|fmt\.Print(?:ln|f)?"
    r"|Console\.Write(?:Line)?|e?println!|NSLog|echo|puts)"
)
_MARKED = re.compile(rf"{_PRINTS}\s*\(?\s*[frb@$]?@?[\"'`]\W{{0,4}}(?i:{_WORDS})")
_PYTHON = re.compile(
    r"print\(\s*f(['\"])\{[\w.\[\]]+=\}(?:,?\s*\{[\w.\[\]]+=\})*\1\s*\)|icecream\b|(?<![\w.])ic\("
)
_RUST = re.compile(r"(?<!\w)dbg!\(")
_WORDS_OF_OUTPUT = (
    "print",
    "eprint",
    "console.",
    "System.",
    "fmt.Print",
    "Console.Write",
    "NSLog",
    "echo",
    "puts",
)


def _find(document: Document) -> Iterator[Found]:
    yield from search_at(document, _WORDS_OF_OUTPUT, _MARKED)
    if document.language is Language.PYTHON:
        yield from search_at(document, ("print(f", "icecream", "ic("), _PYTHON)
    elif document.language is Language.RUST:
        yield from search_at(document, ("dbg!(",), _RUST)


RULE = TextRule(
    rule="debug-output",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="output for debugging is left in the code",
    suggestion="take it out, or log it at the debug level",
    find=_find,
    reach_lines=FEW_LINES,
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
