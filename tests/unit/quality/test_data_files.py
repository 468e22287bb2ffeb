from __future__ import annotations

import math

import pytest

from reasoningbank_daemon.quality.engine import Document, EngineError, TextRefusedError
from reasoningbank_daemon.quality.engines.data_files import MAX_TEXT_CHARACTERS, DataFilesEngine
from reasoningbank_daemon.quality.languages import Language


def places(language: Language, text: str) -> list[tuple[int, int, str]]:
    found = DataFilesEngine().analyse(Document(path="a", language=language, text=text), math.inf)
    return [(each.line, each.column, each.rule) for each in found]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (Language.JSON, '{"a": [1, 2]}', []),
        (Language.JSON, '{"a": 1,\n "b" 2}', [(2, 6, "json-syntax")]),
        (Language.JSON, "", [(1, 1, "json-syntax")]),
        (Language.TOML, "a = 1\n[b]\nc = 'd'\n", []),
        (Language.TOML, "a = 1\nb = \n", [(2, 5, "toml-syntax")]),
        (Language.YAML, "a: 1\nb:\n  - !Ref c\n---\nd: &e {f: *e}\n", []),
        (Language.YAML, "a: 1\nb: [1, 2\nc: 3\n", [(3, 2, "yaml-syntax")]),
        (Language.YAML, "a:\n\t- 1\n", [(2, 1, "yaml-syntax")]),
        (Language.TOML, "a = 1\nb = [1,", [(2, 8, "toml-syntax")]),
    ],
)
def test_first_error_is_found_at_its_place(
    language: Language, text: str, expected: list[tuple[int, int, str]]
) -> None:
    assert places(language, text) == expected


@pytest.mark.parametrize("language", [Language.JSON, Language.TOML])
def test_deep_nesting_is_a_stated_reason(language: Language) -> None:
    with pytest.raises(EngineError, match="nested too deeply"):
        places(language, ("a = " if language is Language.TOML else "") + "[" * 100_000)


def test_number_with_too_many_digits_is_a_stated_reason() -> None:
    with pytest.raises(EngineError, match="gave up"):
        places(Language.JSON, "9" * 10_000)


def test_text_beyond_the_bound_is_refused() -> None:
    with pytest.raises(TextRefusedError, match="1,000,001 characters"):
        places(Language.JSON, " " * (MAX_TEXT_CHARACTERS + 1))


def test_template_is_refused_because_it_is_not_yaml_yet() -> None:
    with pytest.raises(TextRefusedError, match="template"):
        places(Language.YAML, "a: {{ .Values.a }}\n")


@pytest.mark.parametrize("text", ["[" * 20_000, "a: &a [*a, *a]\n", "{" * 900 + "}" * 900])
def test_nested_yaml_ends_with_an_answer_or_a_reason(text: str) -> None:
    try:
        found = places(Language.YAML, text)
    except EngineError as error:
        assert str(error)  # noqa: PT017 - either way is an answer
    else:
        assert {rule for _, _, rule in found} <= {"yaml-syntax"}
