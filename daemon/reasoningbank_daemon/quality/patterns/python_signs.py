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
_STUB_INLINE = (
    re.compile(r":[ \t\\]*(?:pass\b|\.\.\.|return\b|raise\b)"),
    re.compile(r";[ \t\\]*(?:pass\b|\.\.\.|return\b|raise\b)"),
)
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
    for above in range(index - 1, -1, -1):
        line = code.stripped[above]
        if not line or (line.startswith("#") and '"' not in line and "'" not in line):
            continue
        if line.endswith(":"):
            return not (_NO_FUNCTION.match(line) and _is_balanced(line))
        return line.endswith(('"', "'", ";", "\\")) or "#" in line
    return False


def _is_balanced(line: str) -> bool:
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
    return _UNCLEAR.search(line) is None and _is_balanced(line)


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


def statements_with(code: PythonLines, words: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Yield each place of some words that may belong to a statement which is one call, as the word and where it ends.

    What is assigned, returned or compared in the same line is none.
    """
    text = code.text
    for word in words:
        position = text.find(word)
        while position >= 0:
            if not _is_part(text[text.rfind("\n", 0, position) + 1 : position].lstrip()):
                yield word, position + len(word)
            position = text.find(word, position + len(word))


_KEYWORD = re.compile(r"(?:return|if|elif|while|for|assert|del|raise|with|await|yield|import|from|@|#)")
_OPENS = re.compile(r"[()\[\]{}:;\\]")


def _is_part(lead: str) -> bool:
    """Tell by what stands before a call in its line that the call is only a part of a statement."""
    if _OPENS.search(lead):
        return lead.startswith("#")
    return "=" in lead or _KEYWORD.match(lead) is not None
