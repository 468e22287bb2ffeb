from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.languages import Language, is_test_path, language_named, language_of


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("src/app/main.py", "", Language.PYTHON),
        ("stubs/app.pyi", "", Language.PYTHON),
        ("web/App.TSX", "", Language.TSX),
        ("C:\\work\\Program.cs", "", Language.CSHARP),
        ("src/.py", "", None),
        ("src/main.", "", None),
        ("lib/point.h", "struct point { int x; };\n", Language.C),
        ("lib/point.h", "namespace geo { class Point; }\n", Language.CPP),
        ("Gemfile", "", Language.RUBY),
        ("bin/deploy", "#!/usr/bin/env -S python3.12 -u\n", Language.PYTHON),
        ("bin/deploy", "#!/bin/sh\n", Language.BASH),
        ("bin/deploy", "plain words", None),
        ("package.json", "", Language.JSON),
        ("tsconfig.base.json", "", None),
        ("notes.md", "#!/bin/sh\n", None),
        ("", "", None),
    ],
)
def test_language_follows_from_name_then_first_line(path: str, text: str, expected: Language | None) -> None:
    assert language_of(path, text) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("python", Language.PYTHON), ("JSX", Language.JAVASCRIPT), ("c++", Language.CPP), ("cobol", None)],
)
def test_language_is_known_by_the_names_in_use(name: str, expected: Language | None) -> None:
    assert language_named(name) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/unit/test_app.py", True),
        ("app/conftest.py", True),
        ("web/app.spec.ts", True),
        ("pkg/list_test.go", True),
        ("src/latest.py", False),
        ("src/contest/entry.py", False),
        ("", False),
    ],
)
def test_test_path_is_told_from_others(path: str, *, expected: bool) -> None:
    assert is_test_path(path) is expected
