"""Which language a file is written in."""

from __future__ import annotations

import functools
from enum import StrEnum
from pathlib import PurePosixPath


class Language(StrEnum):
    """A language that at least one engine reads."""

    PYTHON = "python"
    JAVASCRIPT = "javascript"
    TYPESCRIPT = "typescript"
    TSX = "tsx"
    GO = "go"
    RUST = "rust"
    JAVA = "java"
    C = "c"
    CPP = "cpp"
    CSHARP = "csharp"
    RUBY = "ruby"
    PHP = "php"
    BASH = "bash"
    KOTLIN = "kotlin"
    SWIFT = "swift"
    SCALA = "scala"
    JSON = "json"
    TOML = "toml"
    YAML = "yaml"


_BY_SUFFIX = {
    ".py": Language.PYTHON,
    ".pyi": Language.PYTHON,
    ".pyw": Language.PYTHON,
    ".js": Language.JAVASCRIPT,
    ".jsx": Language.JAVASCRIPT,
    ".mjs": Language.JAVASCRIPT,
    ".cjs": Language.JAVASCRIPT,
    ".ts": Language.TYPESCRIPT,
    ".mts": Language.TYPESCRIPT,
    ".cts": Language.TYPESCRIPT,
    ".tsx": Language.TSX,
    ".go": Language.GO,
    ".rs": Language.RUST,
    ".java": Language.JAVA,
    ".c": Language.C,
    ".cc": Language.CPP,
    ".cpp": Language.CPP,
    ".cxx": Language.CPP,
    ".hh": Language.CPP,
    ".hpp": Language.CPP,
    ".hxx": Language.CPP,
    ".ipp": Language.CPP,
    ".cs": Language.CSHARP,
    ".rb": Language.RUBY,
    ".rake": Language.RUBY,
    ".gemspec": Language.RUBY,
    ".php": Language.PHP,
    ".sh": Language.BASH,
    ".bash": Language.BASH,
    ".kt": Language.KOTLIN,
    ".kts": Language.KOTLIN,
    ".swift": Language.SWIFT,
    ".scala": Language.SCALA,
    ".sc": Language.SCALA,
    ".sbt": Language.SCALA,
    ".json": Language.JSON,
    ".ipynb": Language.JSON,
    ".toml": Language.TOML,
    ".yaml": Language.YAML,
    ".yml": Language.YAML,
}

_BY_NAME = {
    "Gemfile": Language.RUBY,
    "Rakefile": Language.RUBY,
    ".bashrc": Language.BASH,
    ".bash_profile": Language.BASH,
    "Cargo.lock": Language.TOML,
    "poetry.lock": Language.TOML,
    "uv.lock": Language.TOML,
    "Pipfile": Language.TOML,
}

_BY_INTERPRETER = {
    "python": Language.PYTHON,
    "bash": Language.BASH,
    "sh": Language.BASH,
    "node": Language.JAVASCRIPT,
    "ruby": Language.RUBY,
    "php": Language.PHP,
}

_ALIASES = {
    "py": Language.PYTHON,
    "python3": Language.PYTHON,
    "js": Language.JAVASCRIPT,
    "jsx": Language.JAVASCRIPT,
    "javascriptreact": Language.JAVASCRIPT,
    "ts": Language.TYPESCRIPT,
    "typescriptreact": Language.TSX,
    "golang": Language.GO,
    "rs": Language.RUST,
    "c++": Language.CPP,
    "c#": Language.CSHARP,
    "cs": Language.CSHARP,
    "rb": Language.RUBY,
    "sh": Language.BASH,
    "shell": Language.BASH,
    "shellscript": Language.BASH,
    "kt": Language.KOTLIN,
    "yml": Language.YAML,
}

_JSON_WITH_COMMENTS = ("tsconfig", "jsconfig", "devcontainer", "settings", "launch", "tasks", "keybindings")
"""Names of `.json` files whose readers allow comments and trailing commas, which JSON does not."""

_CPP_ONLY = ("namespace ", "template <", "template<", "class ", "public:", "private:", "std::", "constexpr ")


def language_named(name: str) -> Language | None:
    """Return the language that a caller means by a name, as editors and agents write it; None for others."""
    lowered = name.lower()
    try:
        return Language(lowered)
    except ValueError:
        return _ALIASES.get(lowered)


def language_of(path: str, text: str) -> Language | None:
    """Return the language of a file, by its name and, where the name does not tell, by its first line.

    None means that no engine reads it. `text` decides between C and C++ for `.h`.
    """
    # Without a Path, which costs more than all the rest here: this is asked twice for each edit.
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    suffix = f".{ending.lower()}" if stem and dot and ending else ""
    if suffix == ".h":
        return Language.CPP if any(word in text for word in _CPP_ONLY) else Language.C
    if suffix == ".json" and name.lower().startswith(_JSON_WITH_COMMENTS):
        return None
    if known := _BY_NAME.get(name) or _BY_SUFFIX.get(suffix):
        return known
    return None if suffix else _language_of_shebang(text)


@functools.lru_cache(maxsize=1024)
def is_test_path(path: str) -> bool:
    """Tell whether a path is a test's, by the customs of the common test runners."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if not parts:
        return False
    name = parts[-1].lower()
    stem = name.split(".", 1)[0]
    folders = {part.lower() for part in parts[:-1]}
    return (
        bool(folders & {"test", "tests", "testing", "__tests__", "spec", "specs"})
        or stem.startswith("test_")
        or stem.endswith(("_test", "_spec"))
        or stem == "conftest"
        or ".test." in name
        or ".spec." in name
    )


def _language_of_shebang(text: str) -> Language | None:
    if not text.startswith("#!"):
        return None
    words = text[: text.find("\n") if "\n" in text else 200][2:200].split()
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    if not words:
        return None
    return _BY_INTERPRETER.get(PurePosixPath(words[0]).name.rstrip(".0123456789"))
