from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.languages import Language
from reasoningbank_daemon.quality.projects.ignore_comments import find_ignores


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (Language.PYTHON, "x = eval(y)  # reasoningbank: ignore[S307] y is a constant of ours\n"),
        (Language.GO, "f(x) // reasoningbank: ignore[S307] reviewed by hand\n"),
        (Language.C, "f(x); /* reasoningbank: ignore[S307] reviewed by hand */\n"),
        (Language.PHP, "f($x); # reasoningbank: ignore[S307] reviewed by hand\n"),
        (None, "<!-- reasoningbank: ignore[S307] an example in a text -->\n"),
    ],
)
def test_comment_behind_code_keeps_its_rule_quiet_on_its_line(language: Language | None, text: str) -> None:
    ignores = find_ignores(text, language)

    assert ignores.lines[1] == {"S307"}
    assert not ignores.faults


def test_comment_on_a_line_of_its_own_speaks_of_the_next_line_with_text() -> None:
    text = "a = 1\n# reasoningbank: ignore[S307, F821] both are meant so\n\nb = eval(c)\n"

    ignores = find_ignores(text, Language.PYTHON)

    assert ignores.lines == {2: {"S307", "F821"}, 4: {"S307", "F821"}}


@pytest.mark.parametrize(
    ("comment", "has_rules"),
    [
        ("ignore[S307]", True),
        ("ignore[S307] -", True),
        ("ignore[] why not", False),
        ("ignore why not", False),
    ],
)
def test_comment_without_a_reason_or_a_rule_is_a_fault(comment: str, *, has_rules: bool) -> None:
    ignores = find_ignores(f"a = eval(b)  # reasoningbank: {comment}\n", Language.PYTHON)

    assert [(fault.line, fault.column, fault.has_rules) for fault in ignores.faults] == [(1, 14, has_rules)]


def test_words_in_a_string_are_no_comment_of_a_language_with_slashes() -> None:
    assert not find_ignores('f("# reasoningbank: ignore[S307] a reason")\n', Language.GO).lines
