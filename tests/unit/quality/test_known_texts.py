from __future__ import annotations

from reasoningbank_daemon.quality.known_texts import ENTRY_CHARACTERS, KnownTexts


def test_the_last_text_of_a_file_is_known_until_it_is_dropped() -> None:
    texts = KnownTexts()
    texts.put("/a.py", "one")
    texts.put("/a.py", "two")

    seen = texts.get("/a.py")
    texts.drop("/a.py")

    assert seen == "two"
    assert texts.get("/a.py") is None


def test_of_many_tiny_files_those_not_seen_for_longest_are_forgotten() -> None:
    texts = KnownTexts(most_characters=10 * (ENTRY_CHARACTERS + 10))
    for number in range(1000):
        texts.put(f"/f{number}.py", "")

    known = [number for number in range(1000) if texts.get(f"/f{number}.py") is not None]

    assert known == list(range(990, 1000))


def test_writing_one_file_again_and_again_forgets_no_other() -> None:
    texts = KnownTexts(most_characters=2 * (ENTRY_CHARACTERS + 20))
    texts.put("/kept.py", "x")
    for number in range(100):
        texts.put("/busy.py", str(number))

    assert texts.get("/kept.py") == "x"
