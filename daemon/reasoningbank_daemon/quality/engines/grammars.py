"""The tree-sitter grammars, loaded when their language is first met. Used only in the parser's own process."""

from __future__ import annotations

import functools
import importlib

import tree_sitter

from reasoningbank_daemon.quality.engine import EngineUnavailableError
from reasoningbank_daemon.quality.languages import Language

_GRAMMARS = {
    Language.PYTHON: ("tree_sitter_python", "language"),
    Language.JAVASCRIPT: ("tree_sitter_javascript", "language"),
    Language.TYPESCRIPT: ("tree_sitter_typescript", "language_typescript"),
    Language.TSX: ("tree_sitter_typescript", "language_tsx"),
    Language.GO: ("tree_sitter_go", "language"),
    Language.RUST: ("tree_sitter_rust", "language"),
    Language.JAVA: ("tree_sitter_java", "language"),
    Language.C: ("tree_sitter_c", "language"),
    Language.CPP: ("tree_sitter_cpp", "language"),
    Language.CSHARP: ("tree_sitter_c_sharp", "language"),
    Language.RUBY: ("tree_sitter_ruby", "language"),
    Language.PHP: ("tree_sitter_php", "language_php"),
    Language.BASH: ("tree_sitter_bash", "language"),
    Language.KOTLIN: ("tree_sitter_kotlin", "language"),
    Language.SWIFT: ("tree_sitter_swift", "language"),
    Language.SCALA: ("tree_sitter_scala", "language"),
}

APPROXIMATE_GRAMMARS = frozenset(
    {Language.C, Language.CPP, Language.CSHARP, Language.BASH, Language.SWIFT, Language.SCALA}
)
"""Grammars that report errors in some valid texts; measured on public repositories, see `docs/quality.md`.
Swift and Scala are here because nothing was measured of them."""


@functools.cache
def grammar(language: Language) -> tree_sitter.Language:
    """Return a language's grammar; raise `EngineUnavailableError` where its wheel is not installed."""
    module, function = _GRAMMARS[language]
    try:
        return tree_sitter.Language(getattr(importlib.import_module(module), function)())
    except ImportError as error:
        package = module.replace("_", "-")
        raise EngineUnavailableError(
            f"the grammar for {language.value} is not installed; `pip install {package}` adds it"
        ) from error


def languages_with_grammar() -> frozenset[Language]:
    """Return the languages that have a grammar, installed or not."""
    return frozenset(_GRAMMARS)
