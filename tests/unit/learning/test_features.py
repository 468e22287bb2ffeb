from __future__ import annotations

import pytest

from reasoningbank_daemon.learning.features import TaskKind, describe


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("Fix the crash when the config is empty", TaskKind.BUGFIX),
        ("fix flaky test in test_scheduler.py", TaskKind.BUGFIX),
        ("the login button does nothing, it's broken", TaskKind.BUGFIX),
        ("Implement OAuth login with Google", TaskKind.FEATURE),
        ("Add a new endpoint. It should not crash on errors", TaskKind.FEATURE),
        ("Add unit tests for the tax calculator", TaskKind.TEST),
        ("write docs for the API", TaskKind.DOCS),
        ("Refactor OrderService into smaller classes", TaskKind.REFACTOR),
        ("rename Customer to Account everywhere", TaskKind.REFACTOR),
        ("make the parser faster", TaskKind.PERFORMANCE),
        ("upgrade to react 19", TaskKind.DEPENDENCIES),
        ("set up github actions", TaskKind.INFRASTRUCTURE),
        ("please review PR 231", TaskKind.REVIEW),
        ("How does the cache work?", TaskKind.QUESTION),
        ("why is the build slow?", TaskKind.QUESTION),
        ("hello", TaskKind.OTHER),
        ("", TaskKind.OTHER),
    ],
)
def test_the_kind_follows_from_the_words(prompt: str, kind: TaskKind) -> None:
    assert describe(prompt).kind is kind


def test_languages_come_from_the_files_most_frequent_first_with_companions_last() -> None:
    paths = ["README.md", "a.yaml", "web/a.ts", "api/a.py", "api/b.py", "docs/x.md", "docs/y.md"]

    assert describe("add a thing", paths).languages == ("python", "typescript", "markdown", "yaml")


def test_without_files_the_prompt_names_the_language() -> None:
    assert describe("Write a parser in Rust").languages == ("rust",)
    assert describe("why does parser.go panic").languages == ("go",)
