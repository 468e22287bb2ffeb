"""A file or an answer is opened and nothing in its function closes it, or hands it on to who could.

Go and Java; Python's is ruff's SIM115.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language, is_test_path
from reasoningbank_daemon.quality.patterns.line_search import in_comment, place
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_OPENED = {
    Language.GO: re.compile(
        r"^[ \t]+(?P<name>\w+)(?:,\s*\w+)?\s*:=\s*(?:os\.(?:Open|Create|OpenFile)|http\.(?:Get|Post|PostForm|Head))\(",
        re.MULTILINE,
    ),
    Language.JAVA: re.compile(
        r"^[ \t]+(?:final\s+)?[\w<>]+\s+(?P<name>\w+)\s*=\s*new\s+(?:FileInputStream|FileOutputStream|FileReader|FileWriter|RandomAccessFile)\(",
        re.MULTILINE,
    ),
}
_END = {
    Language.GO: re.compile(r"^\}", re.MULTILINE),
    Language.JAVA: re.compile(r"^(?: {4}|\t)\}", re.MULTILINE),
}
_HANDED_ON = r"(?:\breturn\b[^;\n]*\b{name}\b|[(,]\s*&?{name}\s*[,)]|=\s*{name}\b|:\s*{name}\b|\b{name}(?:\.Body)?\.[cC]lose\b)"


def _find(document: Document) -> Iterator[Found]:
    if document.language is None or is_test_path(document.path):
        return
    text = document.text
    for match in _OPENED[document.language].finditer(text):
        end = _END[document.language].search(text, match.end())
        rest = text[match.end() : end.start() if end else len(text)]
        handed_on = _HANDED_ON.replace("{name}", re.escape(match["name"]))
        if not re.search(handed_on, rest) and not in_comment(text, match.start("name"), document.language):
            yield place(text, match.start("name"))


RULE = TextRule(
    rule="unclosed-resource",
    category=Category.BUGS,
    severity=Severity.WARNING,
    message="this is opened and never closed",
    suggestion="close it in the same function: defer in Go, try-with-resources in Java",
    find=_find,
    literals=("os.Open", "os.Create", "http.", "new File", "new RandomAccessFile"),
    languages=tuple(_OPENED),
    fires=(
        (
            Language.GO,
            "func f() error {\n\tfile, err := os.Open(name)\n\tif err != nil {\n\t\treturn err\n\t}\n\tfile.Read(b)\n\treturn nil\n}\n",
        ),
        (
            Language.JAVA,
            "class A {\n    void f() {\n        FileReader in = new FileReader(name);\n        in.read();\n    }\n}\n",
        ),
    ),
    quiet=(
        (
            Language.GO,
            "func f() error {\n\tfile, err := os.Open(name)\n\tdefer file.Close()\n\treturn err\n}\n",
        ),
        (Language.GO, "func f() (*os.File, error) {\n\tfile, err := os.Open(name)\n\treturn file, err\n}\n"),
        (
            Language.JAVA,
            "class A {\n    void f() {\n        FileReader in = new FileReader(name);\n        use(new BufferedReader(in));\n    }\n}\n",
        ),
    ),
)
