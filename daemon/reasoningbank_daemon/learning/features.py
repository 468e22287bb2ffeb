"""Say of what kind a task is and in which languages it works: explicit metadata beside its text.

Kinds come from the first words of a prompt that name one, languages from the files. Both are rules over words,
so the same prompt always gets the same answer; what no rule knows is ``other``.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Iterable

import msgspec

from reasoningbank_daemon.learning.wording import HEAD_CHARS, file_names


class TaskKind(enum.StrEnum):
    """Name what a task is about."""

    BUGFIX = "bugfix"
    FEATURE = "feature"
    REFACTOR = "refactor"
    TEST = "test"
    DOCS = "docs"
    PERFORMANCE = "performance"
    DEPENDENCIES = "dependencies"
    INFRASTRUCTURE = "infrastructure"
    REVIEW = "review"
    QUESTION = "question"
    OTHER = "other"


class TaskFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a task's kind and its languages, the most frequent first."""

    kind: TaskKind
    languages: tuple[str, ...] = ()


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(alternatives) + r")\b", re.IGNORECASE)


_QUESTION = re.compile(
    r"^(?:(?:hi|hello|hey|ok|so|and|quick question)[,:! ]+)*(?:what|why|how|where|which|who|when|is|are|does|do|did|can i|should|"
    r"could i|explain|describe|tell me|summari[sz]e|show me (?:how|where|what))\b",
    re.IGNORECASE,
)

_RULES: tuple[tuple[TaskKind, re.Pattern[str]], ...] = (
    (TaskKind.REVIEW, _words(r"(?:code )?review(?:ing)?", r"audit(?:ing)?", r"look over", r"security (?:check|scan)")),
    (
        TaskKind.BUGFIX,
        _words(
            r"fix(?:es|ed|ing)?", r"bugs?", r"broken", r"crash(?:es|ed|ing)?", r"fail(?:s|ed|ing|ure)?", r"errors?", r"exceptions?",
            r"regression", r"does(?: not|n'?t) work", r"is(?: not|n'?t) working", r"wrong", r"flaky", r"debug(?:ging)?", r"traceback",
            r"leaks?", r"race condition", r"off[- ]by[- ]one", r"hangs?", r"deadlock", r"panics?", r"segfaults?", r"hotfix",
        ),
    ),
    (TaskKind.TEST, _words(r"(?:unit|integration|e2e|end-to-end|regression|snapshot|property)? ?tests?", r"coverage", r"specs?", r"fixtures?", r"mocks?")),
    (
        TaskKind.DOCS,
        _words(r"docs?", r"document(?:s|ed|ing|ation)?", r"readme", r"docstrings?", r"changelog", r"tutorial", r"guide", r"typos?", r"release notes"),
    ),
    (
        TaskKind.PERFORMANCE,
        _words(r"faster", r"speed ?up", r"slow(?:er)?", r"performance", r"optimi[sz]e(?:d|s)?", r"latency", r"profile", r"n\+1", r"memory usage", r"cach(?:e|ing)"),
    ),
    (
        TaskKind.DEPENDENCIES,
        _words(r"upgrad(?:e|es|ed|ing)", r"bump(?:s|ed|ing)?", r"dependenc(?:y|ies)", r"downgrade", r"pin (?:the )?version", r"lock ?file"),
    ),
    (
        TaskKind.REFACTOR,
        _words(
            r"refactor(?:s|ed|ing)?", r"renam(?:e|es|ed|ing)", r"clean ?up", r"simplif(?:y|ies|ied)", r"extract", r"split", r"mov(?:e|es|ing)",
            r"restructur(?:e|ing)", r"reorgani[sz]e", r"dedup(?:licate)?", r"port", r"migrat(?:e|es|ed|ing|ion)", r"convert", r"rewrite", r"replace",
            r"remove (?:dead|unused)", r"type hints?",
        ),
    ),
    (
        TaskKind.INFRASTRUCTURE,
        _words(
            r"docker(?:file|-compose)?", r"ci(?:/cd)?", r"github actions?", r"pipelines?", r"deploy(?:s|ed|ing|ment)?", r"kubernetes", r"k8s",
            r"helm", r"terraform", r"ansible", r"nginx", r"systemd", r"workflow files?", r"pre-commit", r"makefile", r"eslint config",
        ),
    ),
    (
        TaskKind.FEATURE,
        _words(
            r"add(?:s|ed|ing)?", r"implement(?:s|ed|ing)?", r"creat(?:e|es|ed|ing)", r"build(?:s|ing)?", r"support(?:s|ing)?", r"introduc(?:e|es|ing)",
            r"writ(?:e|es|ing)", r"features?", r"allow(?:s|ing)?", r"new", r"extend(?:s|ing)?", r"enable(?:s)?", r"integrat(?:e|es|ing)", r"make", r"set ?up", r"generate",
        ),
    ),
)  # fmt: skip

_LANGUAGES = {
    "py": "python", "pyi": "python", "ipynb": "python", "js": "javascript", "jsx": "javascript", "mjs": "javascript", "cjs": "javascript",
    "ts": "typescript", "tsx": "typescript", "go": "go", "rs": "rust", "java": "java", "kt": "kotlin", "kts": "kotlin", "scala": "scala",
    "c": "c", "h": "c", "cc": "cpp", "cpp": "cpp", "cxx": "cpp", "hpp": "cpp", "cs": "csharp", "rb": "ruby", "php": "php", "swift": "swift",
    "m": "objective-c", "dart": "dart", "ex": "elixir", "exs": "elixir", "erl": "erlang", "hs": "haskell", "clj": "clojure", "lua": "lua",
    "r": "r", "jl": "julia", "zig": "zig", "sh": "shell", "bash": "shell", "zsh": "shell", "sql": "sql", "html": "html", "css": "css",
    "scss": "css", "vue": "vue", "svelte": "svelte", "tf": "terraform", "md": "markdown", "rst": "markdown", "yaml": "yaml", "yml": "yaml",
    "toml": "toml", "json": "json", "proto": "protobuf", "cu": "cuda",
}  # fmt: skip
_LAST = frozenset({"markdown", "yaml", "toml", "json"})
"""Languages that accompany code: they come after any other."""

_NAMED_LANGUAGES = _words(
    r"python", r"javascript", r"typescript", r"golang", r"rust", r"java", r"kotlin", r"scala", r"ruby", r"php", r"swift", r"dart",
    r"elixir", r"haskell", r"lua", r"julia", r"zig", r"bash", r"sql", r"css", r"html", r"terraform",
)  # fmt: skip
_SAME_LANGUAGE = {"golang": "go", "bash": "shell"}

_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n")

OPENING_CHARS = 400
"""The kind is named at the beginning; what follows describes."""


def describe(prompt: str, paths: Iterable[str] = ()) -> TaskFeatures:
    """Return a task's kind and languages.

    Parameters
    ----------
    prompt
        The task's goal.
    paths
        Files that it changed or read, where known. Without any, the files and languages named in the prompt count.

    Notes
    -----
    Of all kinds whose words occur in the first sentence (else in the first 400 characters), the one named first wins;
    at the same place, the one that is tried first. A prompt that opens as a question and asks for no change is a question.

    Examples
    --------
    >>> describe("Fix the crash when the config file is empty", ["app/config.py"])
    TaskFeatures(kind=<TaskKind.BUGFIX: 'bugfix'>, languages=('python',))
    >>> describe("How does the cache work?").kind.value
    'question'
    """
    head = prompt[:HEAD_CHARS].strip()
    return TaskFeatures(kind=_kind(head[:OPENING_CHARS]), languages=_languages(head, tuple(paths)))


def _kind(head: str) -> TaskKind:
    if _QUESTION.search(head) is not None and ("?" in head or len(head.split()) < 30):
        return TaskKind.QUESTION
    first_sentence = _SENTENCE_END.split(head, maxsplit=1)[0]
    return _first_named(first_sentence) or _first_named(head) or TaskKind.OTHER


def _first_named(text: str) -> TaskKind | None:
    first: tuple[int, TaskKind] | None = None
    for kind, pattern in _RULES:
        match = pattern.search(text)
        if match is not None and (first is None or _position(match, kind) < first[0]):
            first = (_position(match, kind), kind)
    return first[1] if first is not None else None


def _position(match: re.Match[str], kind: TaskKind) -> int:
    """Return where a kind is named; verbs such as "add" and "make" say least, whatever stands behind them says more."""
    return match.start() + (VAGUE_VERB_CHARS if kind is TaskKind.FEATURE else 0)


VAGUE_VERB_CHARS = 40
"""How far behind a vague verb ("add", "write") a word may stand that says more ("tests", "docs")."""


def _languages(head: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    names = [path.rsplit("/", 1)[-1].lower() for path in paths] or sorted(file_names(head))
    found = Counter(
        _LANGUAGES[name.rsplit(".", 1)[-1]]
        for name in names
        if "." in name and name.rsplit(".", 1)[-1] in _LANGUAGES
    )
    if not found:
        named = [match.lower() for match in _NAMED_LANGUAGES.findall(head)]
        found = Counter(_SAME_LANGUAGE.get(name, name) for name in named)
    return tuple(sorted(found, key=lambda language: (language in _LAST, -found[language], language)))
