"""Count brackets, where a grammar alone is no witness.

The tree-sitter grammars of C, C++ and C# report errors in about half of all valid files, because they see
macros and conditional compilation unexpanded. Whether the brackets of a text close is a second, independent
witness: a parse error is believed in these languages only when the brackets got worse as well.
"""

from __future__ import annotations

import re

from reasoningbank_daemon.quality.languages import Language

_SLASH_COMMENTS = r"//[^\n]*|/\*.*?\*/"
_STRING = r'"(?:\\.|[^"\\\n])*"'
_BRACKET = r"([()\[\]{}])"

_CHARACTER_QUOTES = re.compile(
    rf"{_SLASH_COMMENTS}|{_STRING}|'(?:\\[^\n]{{1,8}}|[^'\\\n])'|{_BRACKET}", re.DOTALL
)
_STRING_QUOTES = re.compile(rf"{_SLASH_COMMENTS}|{_STRING}|'(?:\\.|[^'\\\n])*'|{_BRACKET}", re.DOTALL)
_HASH_COMMENTS = re.compile(rf"(?<![\w${{])\#[^\n]*|{_STRING}|'(?:\\.|[^'\\\n])*'|{_BRACKET}", re.DOTALL)

_SCANNERS = {
    Language.JAVASCRIPT: _STRING_QUOTES,
    Language.TYPESCRIPT: _STRING_QUOTES,
    Language.TSX: _STRING_QUOTES,
    Language.PHP: _STRING_QUOTES,
    Language.PYTHON: _HASH_COMMENTS,
    Language.RUBY: _HASH_COMMENTS,
    Language.BASH: _HASH_COMMENTS,
}

_ALTERNATIVE = re.compile(r"^[ \t]*#[ \t]*(?:elif|else)\b", re.MULTILINE)

_CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|else)\b", re.MULTILINE)
_WITH_PREPROCESSOR = frozenset({Language.C, Language.CPP, Language.CSHARP})

_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


def bracket_imbalance(text: str, language: Language | None) -> int:
    """Count the brackets outside strings and comments that have no partner, over the three kinds.

    An approximation from one pass of a regular expression: use it to compare two texts, not to judge one.
    """
    scanner = _CHARACTER_QUOTES if language is None else _SCANNERS.get(language, _CHARACTER_QUOTES)
    found = "".join(match[1] for match in scanner.finditer(text) if match[1])
    return sum(abs(found.count(opening) - found.count(closing)) for opening, closing in _PAIRS)


def has_alternative_branches(text: str) -> bool:
    """Tell whether conditional compilation may give a bracket one partner in each branch."""
    return _ALTERNATIVE.search(text) is not None


def branch_count(text: str, language: Language | None) -> int:
    """Count the branches of conditional compilation, each of which may hold half of a pair of brackets."""
    return len(_CONDITION.findall(text)) if language in _WITH_PREPROCESSOR else 0
