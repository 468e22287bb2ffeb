"""Follow what comes from outside line by line, in languages whose statements mostly end with their line.

It knows assignments, sources and sinks by their look, and forgets all variables where the next function begins. Of a value
that went through a function with a name like `escape` or `parseInt` nothing is said. Less exact than a tree: made for what
an agent writes in one go, a few lines from source to sink.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from reasoningbank_daemon.quality.languages import Language

_JS = (
    r"\breq(?:uest)?\.(?:query|body|params|headers|cookies|url|originalUrl|param\(|get\(|files?\b)|\bctx\.(?:query|request|params)\b"
    r"|\bprocess\.argv\b|\bevent\.(?:queryStringParameters|body|pathParameters)\b|\blocation\.(?:search|hash|href)\b"
    r"|\bdocument\.(?:URL|referrer)\b|\bsearchParams\.get\("
)
_JVM = (
    r"\.get(?:Parameter|ParameterValues|Header|QueryString|PathInfo)\(|\bcall\.(?:parameters|receiveText)\b"
    r"|\brequest\.(?:queryParams|params|getQueryString)\b"
)
SOURCES: dict[Language, re.Pattern[str]] = {
    Language.JAVASCRIPT: re.compile(_JS),
    Language.TYPESCRIPT: re.compile(_JS),
    Language.TSX: re.compile(_JS),
    Language.PHP: re.compile(
        r"\$_(?:GET|POST|REQUEST|COOKIE|FILES)\b|\$_SERVER\[['\"](?:QUERY_STRING|REQUEST_URI|HTTP_)"
        r"|\$request->(?:input|get|query|post|all)\b|php://input"
    ),
    Language.RUBY: re.compile(
        r"\bparams(?:\[|\.fetch|\.require|\.permit)|\brequest\.(?:params|query_string|env)\b|\bcookies\[|\bARGV\b|\bgets\b"
    ),
    Language.GO: re.compile(
        r"\b(?:r|req|request)\.(?:FormValue|PostFormValue|URL\.Query|Form\b|PostForm|Header\.Get|URL\.Path)"
        r"|\b(?:c|ctx)\.(?:Query|Param|PostForm|DefaultQuery|FormValue|QueryParam)\(|\bmux\.Vars\(|\bos\.Args\b"
    ),
    Language.JAVA: re.compile(_JVM),
    Language.KOTLIN: re.compile(_JVM),
    Language.SCALA: re.compile(_JVM + r"|\brequest\.getQueryString\b|\bparams\("),
    Language.CSHARP: re.compile(
        r"\bRequest\.(?:QueryString|Form|Query|Cookies|Headers|Params)\b|\bConsole\.ReadLine\("
    ),
}
_PARAMETER = re.compile(
    r"(?:@(?:RequestParam|PathVariable|RequestBody|RequestHeader|QueryParam|PathParam|FormParam|CookieValue)(?:\([^)]*\))?|\[From(?:Query|Body|Route|Form)\])"
    r"\s*(?:final\s+)?(?:[\w<>\[\]?]+\s+)(\w+)"
)
"""A parameter that a framework fills from the request."""
_ASSIGNED = re.compile(
    r"^\s*(?:(?:export|const|let|var|val|final|private|public|static|my)\s+)*(?:[\w<>\[\],.?]+\s+)?"
    r"(?P<name>[$@]?[A-Za-z_]\w*)\s*(?::\s*[\w<>\[\]| ]+)?\s*(?P<sign>:=|\+=|\.=|<<|=)(?![=>~])\s*(?P<value>.+)$"
)
_SEVERAL = re.compile(
    r"^\s*(?:const|let|var)\s*[{\[](?P<names>[^}\]]*)[}\]]\s*=\s*(?P<value>.+)$|^\s*(?P<two>\w+)\s*,\s*\w+\s*:=\s*(?P<first>.+)$"
)
_BEGINS = re.compile(
    r"^\s*(?:(?:export|default|public|private|protected|static|async|override|suspend|internal|final)\s+)*"
    r"(?:function\b|func\b|def\b|fun\b|[\w<>\[\],.?]+\s+\w+\s*\([^;=]*\)\s*(?:throws [\w, ]+)?\{\s*$)"
)
_SAFE = re.compile(
    r"escape|sanitiz|encode|quote|basename|Number\(|parseInt|parseFloat|intval|\(int\)|\.to_i\b|strconv\.|\.parse(?:Int|Long)\(|toInt\(\)"
    r"|htmlspecialchars|htmlentities|strip_tags|DOMPurify|filepath\.(?:Base|Clean)|uuid|validat|allow_?list|whitelist|json_encode"
    r"|JSON\.stringify|HtmlEncode|UrlEncode|FilenameUtils\.getName|url_for|Path\.GetFileName",
    re.IGNORECASE,
)
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_SINGLE_IS_PLAIN = frozenset(
    {Language.PHP, Language.RUBY, Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX}
)
_DOUBLE_IS_PLAIN = frozenset(
    {Language.JAVASCRIPT, Language.TYPESCRIPT, Language.TSX, Language.GO, Language.JAVA}
)
_MOST_LINES = 20_000
_LONGEST_LINE = 2_000


class LineFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A sink by its kind and its place (both from 1)."""

    kind: str
    line: int
    column: int


def follow_lines(
    text: str, language: Language, sinks: Mapping[str, re.Pattern[str]]
) -> Iterator[LineFinding]:
    """Yield where a value from outside reaches a sink; a sink's pattern ends where its argument begins."""
    source = SOURCES[language]
    if not source.search(text) and not _PARAMETER.search(text):
        return
    outside: set[str] = set()
    depth = 0
    for number, line in enumerate(text.split("\n")[:_MOST_LINES], 1):
        if len(line) > _LONGEST_LINE or not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if _BEGINS.match(line):
            if indent <= depth:
                outside.clear()
            depth = indent
        if "@" in line or "[From" in line:
            outside.update(_PARAMETER.findall(line))
        if not outside and not source.search(line):
            continue  # nothing from outside is at hand: there is nothing to follow
        for kind, column in _reached(line, sinks, source, outside, language):
            yield LineFinding(kind=kind, line=number, column=column)
        _assign(line, source, outside, language)


def _reached(
    line: str,
    sinks: Mapping[str, re.Pattern[str]],
    source: re.Pattern[str],
    outside: set[str],
    language: Language,
) -> Iterator[tuple[str, int]]:
    """Yield the kinds of the sinks that get something from outside, and their columns."""
    for kind, pattern in sinks.items():
        for match in pattern.finditer(line):
            if _is_outside(_argument(line[match.end() :]), source, outside, language):
                yield kind, match.start() + 1


def _assign(line: str, source: re.Pattern[str], outside: set[str], language: Language) -> None:
    several = _SEVERAL.match(line)
    if several is not None:
        names = (
            re.findall(r"[\w$]+(?=\s*(?:,|$|=))", several["names"])
            if several["names"] is not None
            else [several["two"]]
        )
        if _is_outside(several["value"] or several["first"], source, outside, language):
            outside.update(names)
        return
    match = _ASSIGNED.match(line)
    if match is None:
        return
    if _is_outside(match["value"], source, outside, language):
        outside.add(match["name"])
    elif match["sign"] in {"=", ":="}:
        outside.discard(match["name"])


def _is_outside(text: str, source: re.Pattern[str], outside: set[str], language: Language) -> bool:
    if _SAFE.search(text):
        return False
    if source.search(text):
        return True
    if not outside:
        return False
    plain = ("'" if language in _SINGLE_IS_PLAIN else "") + ('"' if language in _DOUBLE_IS_PLAIN else "")
    text = _STRING.sub(lambda match: '""' if match[0][0] in plain else match[0], text)
    return any(name in outside for name in re.findall(r"(?<![\w.>])[$@]?[A-Za-z_]\w*", text))


def _argument(text: str) -> str:
    """Return the first argument, up to a comma outside of brackets and strings."""
    depth = 0
    quote = ""
    for index, character in enumerate(text):
        if quote:
            if character == quote and text[index - 1] != "\\":
                quote = ""
        elif character in "\"'`":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                return text[:index]
        elif character == "," and depth == 0:
            return text[:index]
    return text
