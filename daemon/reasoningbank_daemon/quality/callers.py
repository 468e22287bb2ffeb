"""Find the calls in other files of a project that no longer fit a Python function whose parameters an edit changed.

Files are read, not guessed: a call counts where its file imports the function by name from a module of that name. It takes
as long as reading the project's Python files does, so it belongs to the second look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from reasoningbank_daemon.quality.edit import Edit, readable_text
from reasoningbank_daemon.quality.engine import RawIssue
from reasoningbank_daemon.quality.known_texts import text_on_disk
from reasoningbank_daemon.quality.patterns.python_calls import Signature, calls, misfit, signatures
from reasoningbank_daemon.quality.projects.project import project_root
from reasoningbank_daemon.quality.projects.project_files import TooManyFilesError, python_files
from reasoningbank_schema.verdicts import Category, Severity

RULE = "callers-do-not-fit"
ENGINE = "callers"
MOST_FILES = 5_000
MOST_CHARACTERS = 500_000
_MOST_NAMED = 3
_DEFINED = re.compile(r"^(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)


def caller_issues(edit: Edit, *, give_up: Callable[[], bool] = lambda: False) -> tuple[RawIssue, ...]:
    """Return an issue for each function whose callers elsewhere no longer fit.

    Nothing in a project that is too large, and nothing where `give_up`, asked before each file, says that it takes too long.
    """
    if edit.before is None or not edit.path.endswith(".py") or len(edit.after) > MOST_CHARACTERS:
        return ()
    changed = changed_functions(readable_text(edit.before), readable_text(edit.after))
    root = project_root(edit.path)
    if not changed or root is None:
        return ()
    try:
        files = python_files(root, most=MOST_FILES)
    except TooManyFilesError:
        return ()
    misfits: dict[str, list[str]] = {}
    for path in sorted(files):
        if give_up():
            return ()
        if path != edit.path:
            for name, place in _misfits_in(path, Path(edit.path), changed, root):
                misfits.setdefault(name, []).append(place)
    return tuple(_issue(changed[name], places) for name, places in misfits.items())


def changed_functions(before: str, after: str) -> dict[str, Signature]:
    """Return the functions of a module that stand in both texts and take other arguments now."""
    names = frozenset(_DEFINED.findall(after))
    old, new = signatures(before, names), signatures(after, names)
    return {
        name: signature
        for name, signature in new.items()
        if not signature.is_method and name in old and _takes(old[name]) != _takes(signature)
    }


def _takes(signature: Signature) -> tuple[object, ...]:
    return (
        signature.positional,
        signature.required,
        signature.keyword_only,
        signature.keyword_required,
        signature.any_positional,
        signature.any_keyword,
    )


def _misfits_in(
    path: str, module: Path, changed: dict[str, Signature], root: str
) -> Iterator[tuple[str, str]]:
    text = text_on_disk(path)
    if text is None or len(text) > MOST_CHARACTERS:
        return
    for name, signature in changed.items():
        if f"{name}(" not in text or not _imports(text, module, name):
            continue
        for position, call in calls(text, signature):
            if reason := misfit(call, signature):
                line = text.count("\n", 0, position) + 1
                yield name, f"{Path(path).relative_to(root)}:{line} ({reason})"


def _imports(text: str, module: Path, name: str) -> bool:
    """Tell whether a text imports a name from a module of that file's name."""
    stem = module.parent.name if module.stem == "__init__" else module.stem
    imported = rf"^[ \t]*from[ \t]+[\w.]*\b{re.escape(stem)}[ \t]+import[ \t]+(?:\([^)]*|[^\n(]*)\b{name}\b(?![ \t]+as\b)"
    return re.search(imported, text, re.MULTILINE) is not None


def _issue(signature: Signature, places: list[str]) -> RawIssue:
    shown = ", ".join(places[:_MOST_NAMED]) + (
        f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
    )
    return RawIssue(
        line=signature.line,
        column=1,
        rule=RULE,
        category=Category.TYPES,
        severity=Severity.WARNING,
        message=f"calls of `{signature.name}` no longer fit: {shown}",
        suggestion="change the callers too, or give the new parameter a default",
        engine=ENGINE,
    )
