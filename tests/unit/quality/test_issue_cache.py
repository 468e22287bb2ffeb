from __future__ import annotations

from reasoningbank_daemon.quality.engine import Document, RawIssue
from reasoningbank_daemon.quality.issue_cache import IssueCache, Key, text_key
from reasoningbank_daemon.quality.languages import Language
from reasoningbank_schema.verdicts import Category, Severity

ISSUE = RawIssue(
    line=1, column=1, rule="R", category=Category.BUGS, severity=Severity.NOTE, message="m", engine="e"
)


def key(text: str, path: str = "src/a.py", engine: str = "e") -> Key:
    return engine, text_key(Document(path=path, language=Language.PYTHON, text=text))


def test_known_text_is_found_again_under_another_folder() -> None:
    cache = IssueCache()
    cache.put(key("x", "one/a.py"), (ISSUE,))

    found = cache.get(key("x", "two/a.py"))

    assert found == (ISSUE,)


def test_text_engine_name_and_test_folder_tell_entries_apart() -> None:
    cache = IssueCache()
    cache.put(key("x"), (ISSUE,))

    others = [key("y"), key("x", engine="other"), key("x", "src/__init__.py"), key("x", "tests/a.py")]

    assert [cache.get(other) for other in others] == [None] * 4


def test_entry_used_last_outlives_the_others() -> None:
    cache = IssueCache(most_entries=2)
    cache.put(key("old"), ())
    cache.put(key("mid"), ())
    cache.get(key("old"))

    cache.put(key("new"), ())

    assert cache.get(key("mid")) is None
    assert cache.get(key("old")) == ()


def test_number_of_issues_is_bounded_too() -> None:
    cache = IssueCache(most_issues=10)

    for n in range(20):
        cache.put(key(str(n)), (ISSUE,) * 4)

    assert len(cache) == 2


def test_entry_put_twice_counts_once() -> None:
    cache = IssueCache(most_issues=10)
    cache.put(key("a"), (ISSUE,) * 6)
    cache.put(key("a"), (ISSUE,) * 6)
    cache.put(key("b"), (ISSUE,) * 4)

    assert len(cache) == 2
