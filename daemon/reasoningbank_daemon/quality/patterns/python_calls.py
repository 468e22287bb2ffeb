"""Whether a call in a Python text fits the function that it names, from the texts of both. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

import msgspec

_DEF = re.compile(r"def[ \t]+(?P<name>\w+)[ \t]*(?=\()")
"""Begins with a word that is sought fast; what stands before it in its line is looked at afterwards."""
_BEFORE_DEF = re.compile(r"(?P<indent>[ \t]*)(?P<async>async[ \t]+)?\Z")
_DECORATED = re.compile(r"^[ \t]*@(?P<name>[\w.]+)[^\n]*\n(?:[ \t]*@[^\n]*\n)*\Z", re.MULTILINE)
_TOKEN = re.compile(r"\"\"\"|'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#[^\n]*|[()\[\]{}]")
_LONGEST = 4_000


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What a function takes; a method's first parameter is left out."""

    name: str
    line: int
    is_method: bool
    is_async: bool
    positional: tuple[str, ...]
    """Names of what may be given by position; the first `required` of them must be given."""
    required: int
    keyword_only: frozenset[str]
    keyword_required: frozenset[str]
    any_positional: bool
    any_keyword: bool
    positional_only: int = 0


class _Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A function's `def` by the place of its line, and the place of its parameters."""

    name: str
    start: int
    end: int
    indent: str
    is_async: bool


def signatures(text: str, wanted: Collection[str]) -> dict[str, Signature]:
    """Return the wanted functions that are defined once in a text; not those with a decorator that may change them."""
    found: dict[str, _Definition | None] = {}
    for match in _DEF.finditer(text):
        name = match["name"]
        if name not in wanted:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        before = _BEFORE_DEF.match(text[start : match.start()])
        if before is not None:
            definition = _Definition(
                name=name,
                start=start,
                end=match.end(),
                indent=before["indent"],
                is_async=before["async"] is not None,
            )
            found[name] = None if name in found else definition
    read = {name: _signature(text, each) for name, each in found.items() if each is not None}
    return {name: signature for name, signature in read.items() if signature is not None}


def calls(text: str, signature: Signature) -> Iterator[tuple[int, ast.Call]]:
    """Yield the calls of a function by its name (a method through `self`), each with its position."""
    word = f"{signature.name}("
    position = text.find(word)
    while position >= 0:
        lead = text[text.rfind("\n", 0, position) + 1 : position]
        if _is_call(lead, is_method=signature.is_method):
            arguments = balanced(text, position + len(word) - 1)
            call = None if arguments is None else _parsed(f"f{arguments}")
            if call is not None:
                yield position, call
        position = text.find(word, position + len(word))


def _is_call(lead: str, *, is_method: bool) -> bool:
    """Tell by what stands before it in its line whether a name is called: it is no definition, string or comment."""
    if is_method:
        if not lead.endswith(("self.", "cls.")):
            return False
    elif lead and (lead[-1].isalnum() or lead[-1] in "_."):
        return False
    return (
        "#" not in lead
        and lead.count('"') % 2 == 0
        and lead.count("'") % 2 == 0
        and not lead.rstrip().endswith(("def", "class"))
    )


def misfit(call: ast.Call, signature: Signature) -> str | None:
    """Return in words why a call does not fit; None where it does, or where that can't be told."""
    if any(isinstance(each, ast.Starred) for each in call.args) or any(
        each.arg is None for each in call.keywords
    ):
        return None
    given = len(call.args)
    if given > len(signature.positional) and not signature.any_positional:
        return f"it takes {_count(len(signature.positional))} and gets {given}"
    named = {each.arg for each in call.keywords if each.arg is not None}
    allowed = set(signature.positional[signature.positional_only :]) | signature.keyword_only
    if not signature.any_keyword and (unknown := sorted(named - allowed)):
        return f"it takes no argument `{unknown[0]}`"
    if twice := sorted(named & set(signature.positional[:given])):
        return f"`{twice[0]}` is given twice"
    missing = [each for each in signature.positional[given : signature.required] if each not in named]
    missing += sorted(signature.keyword_required - named)
    return f"`{missing[0]}` is missing" if missing else None


def balanced(text: str, start: int) -> str | None:
    """Return the bracketed text that begins at a position; None where it does not end soon."""
    depth = 0
    position = start
    end = min(len(text), start + _LONGEST)
    while (token := _TOKEN.search(text, position, end)) is not None:
        found = token[0]
        position = token.end()
        if found in {'"""', "'''"}:
            close = text.find(found, position, end)
            if close < 0:
                return None
            position = close + 3
        elif found in "([{":
            depth += 1
        elif found in ")]}":
            depth -= 1
            if depth == 0:
                return text[start:position]
    return None


def _count(number: int) -> str:
    return "no arguments" if number == 0 else "1 argument" if number == 1 else f"{number} arguments"


def _parsed(text: str) -> ast.Call | None:
    try:
        expression = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return expression if isinstance(expression, ast.Call) else None


def _signature(text: str, definition: _Definition) -> Signature | None:
    parameters = balanced(text, definition.end)
    if parameters is None:
        return None
    decorated = _DECORATED.search(text[max(0, definition.start - 400) : definition.start])
    decorator = decorated["name"] if decorated else ""
    if decorator not in {"", "staticmethod", "classmethod"}:
        return None
    try:
        tree = ast.parse(f"def f{parameters}: pass")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef):
        return None
    return _from_arguments(function.args, definition, text, decorator)


def _from_arguments(
    arguments: ast.arguments, definition: _Definition, text: str, decorator: str
) -> Signature | None:
    is_method = bool(definition.indent)
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    required = len(names) - len(arguments.defaults)
    skipped = 0
    if is_method and decorator != "staticmethod":
        if not names or names[0] not in {"self", "cls"}:
            return None  # a function in a function, which may be called by any name
        skipped = 1
    return Signature(
        name=definition.name,
        line=text.count("\n", 0, definition.start) + 1,
        is_method=is_method,
        is_async=definition.is_async,
        positional=tuple(names[skipped:]),
        required=max(0, required - skipped),
        keyword_only=frozenset(each.arg for each in arguments.kwonlyargs),
        keyword_required=frozenset(
            each.arg
            for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is None
        ),
        any_positional=arguments.vararg is not None,
        any_keyword=arguments.kwarg is not None,
        positional_only=max(0, len(arguments.posonlyargs) - skipped),
    )
