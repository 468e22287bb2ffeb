"""A comment stands in place of code: "rest of the code unchanged", "... existing code ...".

Agents shorten what they write. In a chat that is a kindness; in a file the code is gone. The rule knows the wordings by
their parts (what is left out, that it stays or goes here), so a comment that merely speaks of "existing code" is not meant.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.patterns.pattern import JS_FAMILY, Pattern, in_each
from reasoningbank_daemon.quality.patterns.python_signs import PythonLines
from reasoningbank_schema.verdicts import Category, Severity

_WHOLE = r"(code|implementation|function|method|class|file|logic|body|module|component|script|tests?|methods|fields)"

_ELISION = "|".join(
    (
        rf"(\\.\\.\\.|…)\\W*((the )?(rest|remaining|remainder|existing|previous|other|same|unchanged|omitted)\\b|{_WHOLE}\\W*$)",
        rf"\\b(rest|remainder) of (the |this |your )?(\\w+ )?{_WHOLE}\\b( (is|are|remains?|stays?|goes|unchanged|here|as|same|omitted)\\b|\\W*$)",
        rf"\\b(existing|previous|original|remaining|other) {_WHOLE} (here|goes|remains?|stays?|unchanged|omitted)\\b",
        rf"\\b{_WHOLE} (remains?|stays?|is|are) (the same|unchanged|as (is|before))\\W*$",
        r"\\bomitted for (brevity|clarity)\\b",
        rf"^\\W*(add |put |insert )?(your |actual |real )?{_WHOLE} (goes )?here\\W*$",
        r"\\btodo\\W+(actually )?implement (the |this |me|it|later|rest|remaining|actual|properly)",
    )
)

_COMMENTS = {
    Language.PYTHON: "(comment)",
    Language.RUBY: "(comment)",
    Language.BASH: "(comment)",
    Language.PHP: "(comment)",
    Language.GO: "(comment)",
    Language.C: "(comment)",
    Language.CPP: "(comment)",
    Language.CSHARP: "(comment)",
    Language.RUST: "[(line_comment) (block_comment)]",
    Language.JAVA: "[(line_comment) (block_comment)]",
    Language.KOTLIN: "[(line_comment) (block_comment)]",
    **in_each(JS_FAMILY, "(comment)"),
}

_IN_PYTHON = re.compile(f"(?i){_ELISION}".replace("\\\\", "\\"))
"""The same, as it stands in the string of a query."""
_WORDS = (
    *("...", "…", "rest of", "remainder of", "existing ", "previous ", "original ", "remaining ", "other "),
    *("the same", "unchanged", "as is", "as before", "omitted", "here", "todo"),
)


def _may_match(code: PythonLines) -> bool:
    comments = code.comments()
    lowered = "\n".join(comments).lower()
    words = [word for word in _WORDS if word in lowered]
    return bool(words) and any(
        any(word in comment.lower() for word in words) and _IN_PYTHON.search(comment) for comment in comments
    )


RULE = Pattern(
    rule="elided-code",
    category=Category.AGENT,
    severity=Severity.WARNING,
    message="a comment stands here in place of code",
    suggestion="write the code out",
    queries={
        language: f'({comment} @issue (#match? @issue "(?i){_ELISION}"))'
        for language, comment in _COMMENTS.items()
    },
    python_sign=_may_match,
    fires=(
        (Language.PYTHON, "# ... rest of the implementation unchanged ...\n"),
        (Language.PYTHON, "def f():\n    pass  # rest of code here\n"),
        (Language.PYTHON, "# TODO: implement the rest\n"),
        (Language.PYTHON, "# existing methods remain the same\n"),
        (Language.JAVASCRIPT, "// ... existing code ...\n"),
        (Language.TYPESCRIPT, "/* your code here */\n"),
        (Language.TSX, "// (other methods omitted for brevity)\n"),
        (Language.RUBY, "# ... other methods ...\n"),
        (Language.BASH, "# ... rest of script\n"),
        (Language.PHP, "<?php // the rest of the class stays as before\n"),
        (Language.GO, "package a\n// ... existing code ...\n"),
        (Language.C, "/* ... remaining code ... */\n"),
        (Language.CPP, "// rest of the file is unchanged\n"),
        (Language.CSHARP, "// implementation goes here\n"),
        (Language.RUST, "// ... previous implementation ...\n"),
        (Language.JAVA, "// ... the remaining methods\n"),
        (Language.KOTLIN, "// ... existing code ...\n"),
    ),
    quiet=(
        (
            Language.PYTHON,
            "# skip the rest of the loop\n# leaves all other responses unchanged\n# TODO: implement caching\n",
        ),
        (Language.PYTHON, "x = '... existing code ...'\n"),
        (Language.RUST, "/// This could break existing code.\nfn f() {}"),
    ),
)
