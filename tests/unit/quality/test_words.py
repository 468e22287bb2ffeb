from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_daemon.quality.patterns.words import places_of, word_count

_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_TEXTS = st.text(alphabet="ab1_$é .\n", max_size=60)


@given(text=_TEXTS, word=st.from_regex(r"[ab_$][ab1_$é]{0,3}", fullmatch=True))
def test_words_are_counted_as_an_expression_finds_them(text: str, word: str) -> None:
    expected = _WORD.findall(text).count(word)

    counted = word_count(text, word)

    assert counted == expected


def test_places_do_not_overlap() -> None:
    places = list(places_of("aaaaa b aa", "aa"))

    assert places == [0, 2, 8]
