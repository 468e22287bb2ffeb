"""Tell from the lines of a Python text, without a tree, that a pattern has no match in it.

A sign must never miss: where a text holds a match, its sign says so. It may speak where there is none; that costs the time of a parse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_TOKEN = re.compile(r"\"\"\"|'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#[^\n]*|[()\[\]{}\"'\n;]|\\\n")
_COMMENT = re.compile(r"#.*")
_STUB = re.compile(
    r"pass\b|\.\.\.|return[ \t]*(?:None\b[ \t]*)?(?:[#;\\]|$)|raise\b(?:.*NotImplementedError|[ \t]*\\$)"
)
_STUB_INLINE = tuple(
    re.compile(
        rf"{sign}[ \t\\]*(?:pass\b|\.\.\.|return[ \t]*(?:None\b[ \t]*)?(?:[#;\\\n]|\Z)|raise\b[^\n]*(?:NotImplementedError|\\\n))"
    )
    for sign in ":;"
)
"""Behind what stands in the same line; each begins with a sign that is found fast."""
_NO_FUNCTION = re.compile(r"(?:if|elif|else|for|while|with|try|except|finally|class)\b")
_LEAVING = ("return", "raise", "continue", "break")
_UNCLEAR = re.compile(r"[\"'#\\]")
"""Where one of these stands, brackets may be text, or the line go on."""
_STRING = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'")
_LEAVES = re.compile(r"(?:return|raise|continue|break)\b")


class PythonLines:
    """A Python text and its lines, as they are and stripped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.stripped = [line.strip() for line in self.lines]

    def comments(self) -> list[str]:
        """Return what may be a comment: all that follows a number sign in its line."""
        return _COMMENT.findall(self.text) if "#" in self.text else []


PythonSign = Callable[[PythonLines], bool]
"""Tells whether a text may hold a match."""


def may_stub(code: PythonLines) -> bool:
    """Tell whether there may be a function whose body is `pass`, `...`, a bare `return` or `raise NotImplementedError`."""
    if any(pattern.search(code.text) for pattern in _STUB_INLINE):
        return True
    return any(
        line.startswith(("pass", "...", "return", "raise"))
        and _STUB.match(line)
        and _begins_a_body(code, index)
        for index, line in enumerate(code.stripped)
    )


def _begins_a_body(code: PythonLines, index: int) -> bool:
    """Tell whether a line may be the first one of a function, but for its docstring and comments."""
    above = line_above(code, index)
    if above is None:
        return False
    if "#" in above:
        if '"' in above or "'" in above:
            return True
        above = above.partition("#")[0].rstrip()
    if above.endswith(":"):
        return not (_NO_FUNCTION.match(above) and is_balanced(above))
    return above.endswith(('"', "'", ";", "\\"))


def line_above(code: PythonLines, index: int) -> str | None:
    """Return the next line above, stripped, that is neither empty nor plainly a comment; None where there is none."""
    for above in range(index - 1, -1, -1):
        line = code.stripped[above]
        if line and not (line.startswith("#") and not _ends_a_string(line)):
            return line
    return None


def _ends_a_string(line: str) -> bool:
    return line.endswith(('"', "'")) or '"""' in line or "'''" in line


def is_balanced(line: str) -> bool:
    """Tell whether a line closes as many brackets as it opens."""
    return (
        line.count("(") == line.count(")")
        and line.count("[") == line.count("]")
        and line.count("{") == line.count("}")
    )


def may_be_unreachable(code: PythonLines) -> bool:
    """Tell whether a statement may stand behind a `return`, `raise`, `continue` or `break` of its block."""
    if ";" in code.text and any(";" in line and _LEAVES.search(line) for line in code.lines):
        return True
    has_tabs = "\t" in code.text or "\f" in code.text
    return any(
        line.startswith(_LEAVING) and _LEAVES.match(line) and (has_tabs or _is_followed(code, index))
        for index, line in enumerate(code.stripped)
    )


def _is_followed(code: PythonLines, index: int) -> bool:
    """Tell whether the next statement stands as deep as the one that begins in a line, or deeper."""
    last = index
    if not _ends_in_line(code.stripped[index]):
        start = sum(len(line) + 1 for line in code.lines[:index])
        end = _statement_end(code.text, start)
        if end is None:
            return True
        last += code.text.count("\n", start, end)
    indent = len(code.lines[index]) - len(code.lines[index].lstrip())
    for below in range(last + 1, len(code.lines)):
        line = code.stripped[below]
        if line and not line.startswith("#"):
            return len(code.lines[below]) - len(code.lines[below].lstrip()) >= indent
    return False


def _ends_in_line(line: str) -> bool:
    """Tell whether a statement plainly ends with its line."""
    if line.isidentifier():  # `break`
        return True
    if '"' in line or "'" in line:
        line = _STRING.sub("", line)
    return _UNCLEAR.search(line) is None and is_balanced(line)


def _statement_end(text: str, start: int) -> int | None:
    """Return where the line ends that a statement ends in; None where that is not plain."""
    depth = 0
    position = start
    while (token := _TOKEN.search(text, position)) is not None:
        found = token[0]
        position = token.end()
        if found in {'"""', "'''"}:
            position = text.find(found, position) + 3
            if position < 3:
                return None
        elif found in "([{":
            depth += 1
        elif found in ")]}":
            depth -= 1
            if depth < 0:
                return None
        elif found == "\n" and depth == 0:
            return token.start()
        elif found in "\"'":
            return None
    return len(text) if depth == 0 else None


def calls_alone(code: PythonLines, names: re.Pattern[str], words: tuple[str, ...]) -> Iterator[re.Match[str]]:
    """Yield where a call of a method may be a whole statement; `names` matches the method, which ends with one of some words.

    What is assigned, returned or compared in the same line is none.
    """
    text = code.text
    for word in words:
        position = text.find(word)
        while position >= 0:
            start = text.rfind("\n", 0, position) + 1
            dot = text.rfind(".", max(start, position - _FAR), position)
            if dot < 0 or not _is_part(text[start:dot]):
                match = names.match(text, position if dot < 0 else dot)
                if match is not None:
                    yield match
            position = text.find(word, position + len(word))


_FAR = 12
"""A method's name is no further from its dot in the same line, but for blanks that nobody writes."""
_KEYWORD = re.compile(r"(?:return|if|elif|while|for|assert|del|raise|with|await|yield|import|from|@)")
_BRACKETS = re.compile(r"[()\[\]{}]")


def _is_part(lead: str) -> bool:
    """Tell by what stands before a call in its line that the call is only a part of a statement."""
    lead = lead.lstrip()
    if lead.startswith("#"):
        return True
    if '"' in lead or "'" in lead:
        lead = _STRING.sub("", lead)
    if _UNCLEAR.search(lead) or ";" in lead:
        return False
    bracket = _BRACKETS.search(lead)
    if bracket is not None and (bracket[0] in ")]}" or _closes_more(lead)):
        return False  # what it closes began above: the call may be of all that
    begins = lead if bracket is None else lead[: bracket.start()]
    return ":" not in begins and ("=" in begins or _KEYWORD.match(begins) is not None)


def _closes_more(line: str) -> bool:
    return (
        line.count(")") > line.count("(")
        or line.count("]") > line.count("[")
        or line.count("}") > line.count("{")
    )
