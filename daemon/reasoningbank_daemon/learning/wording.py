"""Find what a text talks about: its words, the files it names, the identifiers it uses.

Texts are cut before anything is searched in them, so that the work is bounded whatever a user pastes.
"""

from __future__ import annotations

import re

HEAD_CHARS = 6_000
"""How much of a prompt the rules read: what a user wants stands at its beginning."""

_STOP_TEXT = """
    a about again all also am an and any are as at be because been before but by can cannot could did do does
    doing done don for from get gets give go going got had has have he her here him his how i if in into is it
    its just let lets like make me more my need no not now of off ok on one only or other our out over please
    put same see she should so some still sure take than thank thanks that the their them then there these they
    thing things this those to too try up us use using very want was way we well were what when where which
    while who why will with won would yes you your yet new old add change code file files issue problem work
    works working way fix check look
"""
_STOP_WORDS = frozenset(_STOP_TEXT.split())

_WORD = re.compile(r"[^\W_]{2,}")
_CAMEL_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FILE = re.compile(
    r"(?<![\w/@:.+-])(?:~|\.{1,2})?/?(?:[\w.@+-]+/)*[\w@+-][\w.@+-]*\.[A-Za-z][A-Za-z0-9]{0,9}\b"
)
_FOLDER = re.compile(r"(?<![\w/:.@+-])(?:[\w.@+-]+/){1,12}[\w.@+-]*")
_BACKTICKED = re.compile(r"`([^`\n]{2,80})`")
_IDENTIFIER = re.compile(
    r"\b(?:[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*|\w*[A-Za-z0-9]_\w+|[A-Za-z_]\w*(?=\(\)))"
)
_FLAG = re.compile(r"(?<!\S)--[a-z][\w-]+")
_NOT_FILE_SUFFIXES = frozenset({"com", "org", "net", "io", "dev", "g", "e", "s", "x"})


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, lower case, in order, identifiers taken apart (``getUser`` is get, user)."""
    spaced = _CAMEL_EDGE.sub(" ", text[:HEAD_CHARS])
    return tuple(match.lower() for match in _WORD.findall(spaced))


def stem(word: str) -> str:
    """Cut the commonest English endings, so that ``exports``, ``exported`` and ``exporting`` are one word.

    >>> [stem(word) for word in ("exports", "exported", "exporting", "queries", "class")]
    ['export', 'export', 'export', 'query', 'class']
    """
    for ending, replacement in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us", "is")):
            return word[: len(word) - len(ending)] + replacement
    return word


def content_words(text: str) -> frozenset[str]:
    """Return the stems of the words that carry meaning."""
    return frozenset(stem(word) for word in words(text) if word not in _STOP_WORDS and not word.isdigit())


def file_names(text: str) -> frozenset[str]:
    """Return the base names of the files that a text mentions, lower case.

    >>> sorted(file_names("see src/app/Main.tsx and ./Makefile.in, not example.com"))
    ['main.tsx', 'makefile.in']
    """
    found = set()
    for match in _FILE.findall(text[:HEAD_CHARS]):
        name = match.rsplit("/", 1)[-1].lower()
        if name.rsplit(".", 1)[-1] not in _NOT_FILE_SUFFIXES:
            found.add(name)
    return frozenset(found)


def folders(text: str) -> frozenset[str]:
    """Return the folder names that a text mentions (``deploy/charts`` gives deploy and charts), lower case."""
    return frozenset(
        part.lower()
        for match in _FOLDER.findall(text[:HEAD_CHARS])
        for part in match.split("/")
        if len(part) > 2
    )


def identifiers(text: str) -> frozenset[str]:
    """Return names of code in a text: what is in backticks, camelCase, snake_case, calls, flags; lower case.

    >>> sorted(identifiers("rename `out` and --out, then call getUser() in user_store"))
    ['--out', 'getuser', 'out', 'user_store']
    """
    head = text[:HEAD_CHARS]
    found = {match.strip("()").lower() for match in _BACKTICKED.findall(head)}
    found.update(match.lower() for match in _IDENTIFIER.findall(head))
    found.update(match.lower() for match in _FLAG.findall(head))
    return frozenset(found)


def one_line(text: str, limit: int) -> str:
    """Return a text on one line of at most ``limit`` characters, cut at a word where there is one."""
    flat = " ".join(text[: 4 * limit + HEAD_CHARS].split())
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > limit // 2 else cut).rstrip(" ,;:.") + "…"
