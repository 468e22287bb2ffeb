"""A file or folder is made writable for everybody on the machine.

Whoever may write to it may change what the program does. Python's is ruff's S103.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasoningbank_daemon.quality.engine import Document
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.line_search import search
from reasoningbank_daemon.quality.patterns.pattern import Found, TextRule
from reasoningbank_schema.verdicts import Category, Severity

_LITERALS = (
    "chmod",
    "Chmod",
    "Mkdir",
    "mkdir",
    "OpenFile",
    "WriteFile",
    "PosixFilePermission",
    "setWritable",
)
_OPEN = re.compile(
    r"\bchmod\s+(?:-\w+\s+)*(?:0?[0-7]?[0-7][0-7][2367]\b|(?:a|o|ugo|go)?\+[rx]*w)"  # the command
    r"|\b[cC]hmod(?:Sync|Sync\?)?\([^;\n]*?\b0o?[0-7]?[0-7]{2}[2367]\b"
    r"|\bos\.(?:Mkdir|MkdirAll|OpenFile|WriteFile)\([^;\n]*?\b0o?[0-7]?[0-7]{2}[2367]\)"
    r"|\bmkdir(?:_p)?\([^;\n]*?\b0o?[0-7]?[0-7]{2}[2367]\b"
    r"|PosixFilePermissions\.fromString\(\"[r-][w-][x-][r-][w-][x-][r-]w[x-]\"\)"
    r"|PosixFilePermission\.OTHERS_WRITE"
    r"|\.setWritable\(true,\s*false\)"
)
_OWN = re.compile(r"\bchmod\s+(?:-\w+\s+)*\+[rx]*w")
"""Without a letter before the plus the mask of the process decides, and it denies others."""


def _find(document: Document) -> Iterator[Found]:
    if not any(literal in document.text for literal in _LITERALS):
        return
    lines = document.text.split("\n")
    for found in search(document, _OPEN):
        if not _OWN.match(lines[found.line - 1][found.column - 1 :]):
            yield found


RULE = TextRule(
    rule="world-writable",
    category=Category.SECURITY,
    severity=Severity.WARNING,
    message="everybody on the machine may write to this",
    suggestion="give write access to the owner alone: 0o600, 0o644 or 0o755",
    find=_find,
    languages=(
        Language.BASH, Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX, Language.GO, Language.PHP, Language.RUBY,
        Language.JAVA, Language.KOTLIN, Language.C, Language.CPP, Language.RUST,
    ),
    fires=(
        (Language.BASH, "chmod -R 777 /srv/app\n"),
        (Language.BASH, "chmod a+rwx run.sh\n"),
        (Language.JAVASCRIPT, "fs.chmodSync(path, 0o666);\n"),
        (Language.GO, "os.MkdirAll(dir, 0777)\n"),
        (Language.PHP, "<?php chmod($file, 0777);\n"),
        (Language.RUBY, "File.chmod(0777, path)\n"),
        (Language.JAVA, 'PosixFilePermissions.fromString("rwxrwxrwx");\n'),
        (Language.C, "chmod(path, 0666);\n"),
    ),
    quiet=(
        (Language.BASH, "chmod 755 run.sh\nchmod +x run.sh\n# chmod 777 is wrong\n"),
        (Language.GO, "os.MkdirAll(dir, 0o755)\n"),
    ),
)  # fmt: skip
