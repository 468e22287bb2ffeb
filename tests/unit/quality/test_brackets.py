from __future__ import annotations

import pytest

from reasoningbank_daemon.quality.judging.brackets import bracket_imbalance, has_alternative_branches
from reasoningbank_daemon.quality.languages import Language


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (Language.C, "int f(int a[]) { return a[0]; }", 0),
        (Language.C, "int f(int a[] { return a[0]; }", 1),
        (Language.C, "f(\"(\", ')'); // ((\n/* {{ */", 0),
        (Language.RUST, "fn f<'a>(x: &'a str) -> char { '(' }", 0),
        (Language.JAVASCRIPT, "f('(((', \"))\");", 0),
        (Language.RUBY, "puts '(' # )))\nf(1", 1),
        (Language.BASH, "echo ${#array[@]}", 0),
        (None, "((", 2),
    ],
)
def test_imbalance_counts_brackets_outside_strings_and_comments(
    language: Language | None, text: str, expected: int
) -> None:
    assert bracket_imbalance(text, language) == expected


def test_else_branch_of_the_preprocessor_is_seen_and_a_guard_is_none() -> None:
    assert has_alternative_branches("#if A\nif (a) {\n#else\nif (b) {\n#endif\n}\n")
    assert not has_alternative_branches("#ifndef X_H\n#define X_H\n#endif\n")
