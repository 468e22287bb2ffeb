"""Text is split as the published vocabulary was made; the pieces below are those of Hugging Face's tokenizer."""

from __future__ import annotations

import pytest
from rbtest.weights import published_weights

from reasoningbank_daemon.embedding.wordpiece import CHARS_PER_TOKEN, WordPiece, split_words

PIECES = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "pars",
    "##er",
    "##ing",
    "fix",
    "##es",
    ",",
    "cafe",
    "日",
    "##e",
)


def _pieces(text: str, max_tokens: int = 32) -> list[str]:
    return [PIECES[number] for number in WordPiece(PIECES).encode(text, max_tokens)]


def test_the_longest_known_piece_comes_first() -> None:
    assert _pieces("fixes, parser") == ["[CLS]", "fix", "##es", ",", "pars", "##er", "[SEP]"]


def test_a_word_with_an_unknown_part_is_unknown_as_a_whole() -> None:
    assert _pieces("fix parserz") == ["[CLS]", "fix", "[UNK]", "[SEP]"]


def test_accents_case_and_invisible_characters_do_not_matter() -> None:
    assert _pieces("CAFÉ") == _pieces("cafe\u0301") == _pieces("ca\u200bfe\x00") == ["[CLS]", "cafe", "[SEP]"]


def test_chinese_characters_stand_alone() -> None:
    assert split_words("日本fix") == ["日", "本", "fix"]


def test_a_long_text_ends_with_the_mark_of_the_end() -> None:
    found = _pieces("fix " * 100, max_tokens=5)

    assert found == ["[CLS]", "fix", "fix", "fix", "[SEP]"]


def test_a_word_longer_than_any_in_the_vocabulary_is_not_searched_through() -> None:
    assert _pieces("fix" * 50) == ["[CLS]", "[UNK]", "[SEP]"]


def test_text_far_beyond_what_may_be_returned_is_not_looked_at() -> None:
    spaces = " " * (CHARS_PER_TOKEN * 32)

    assert _pieces(spaces + "fix") == ["[CLS]", "[SEP]"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (
            "Fix the parser's test_nested()",
            [101, 8081, 1996, 11968, 8043, 1005, 1055, 3231, 1035, 9089, 2098, 1006, 1007, 102],
        ),
        (
            "Héllo wörld — “quotes”… 日本語 テスト 😀 ﬁ ß",
            [
                101,
                7592,
                2088,
                1517,
                1523,
                16614,
                1524,
                1529,
                1864,
                1876,
                1950,
                1713,
                30233,
                30240,
                100,
                1984,
                1096,
                102,
            ],
        ),
    ],
)
def test_ids_of_the_published_vocabulary_are_those_of_its_own_tokenizer(text: str, ids: list[int]) -> None:
    vocabulary = (published_weights() / "vocab.txt").read_text(encoding="utf-8").splitlines()

    assert WordPiece(vocabulary).encode(text, 128) == ids
