"""A path of one person's home folder is written into the code: it is on no other machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import CODE, FEW_LINES, Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_LITERALS = ("/home/", "/Users/", ":\\Users\\", ":\\\\Users\\\\", ":/Users/")
_PATH = re.compile(
    r"[\"'`](?:file://)?(?:/home/|/Users/|[A-Z]:(?:\\{1,2}|/)Users(?:\\{1,2}|/))"
    r"(?!(?:user|username|USER|you|me|name|runner|vagrant|ubuntu|node|app|git|www|ec2-user|jovyan|foo|bar|someone|alice|bob|Shared|Public|linuxbrew)\b)"
    r"[A-Za-z][\w.-]*(?:/|\\)[^\"'`\n]+[\"'`]"
)


def _find(document: Document) -> Iterator[Found]:
    if any(each in document.text for each in _LITERALS) and not is_test_path(document.path):
        yield from search(document, _PATH)


RULE = TextRule(
    rule="hard-coded-path",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="a path of one person's home folder is written into the code",
    suggestion="take it as an argument, or from the environment",
    find=_find,
    reach_lines=FEW_LINES,
    languages=CODE,
    fires=(
        (Language.PYTHON, 'data = open("/home/mweber/project/data.csv")\n'),
        (Language.JAVASCRIPT, "const out = '/Users/jsmith/out/result.json';\n"),
        (Language.CSHARP, 'var p = "C:\\\\Users\\\\jsmith\\\\x.txt";\n'),
    ),
    quiet=(
        (
            Language.PYTHON,
            'x = "/home/user/project"\ny = "/home/"\n# "/home/mweber/data.csv"\nz = "/usr/share/dict/words"\n',
        ),
    ),
)
