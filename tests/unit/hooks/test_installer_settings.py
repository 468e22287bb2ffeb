"""The user's settings file: our entries come and go, everything else stays as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasoningbank_hooks.installer.claude_hooks import EVENTS, HOST, hook_entries
from reasoningbank_hooks.installer.settings import SettingsError, our_hooks, with_hooks, without_hooks

PATH = Path("/home/me/.claude/settings.json")
OURS = hook_entries(Path("/home/me/.local/share/reasoningbank/hooks/rb-hook"), via="settings")


def install(content: bytes | None, hooks: dict[str, list[dict[str, Any]]] = OURS) -> bytes:
    return with_hooks(content, hooks, host=HOST, path=PATH)


def uninstall(content: bytes | None) -> bytes | None:
    return without_hooks(content, host=HOST, path=PATH)


def test_a_missing_file_becomes_one_with_our_hooks_and_nothing_else() -> None:
    content = install(None)

    assert json.loads(content) == {"hooks": OURS}
    assert content.endswith(b"}\n")
    assert content.startswith(b'{\n  "hooks": {\n    "SessionStart"')


def test_the_users_settings_keep_their_order_their_values_and_their_hooks() -> None:
    before: dict[str, Any] = {
        "model": "opus",
        "hooks": {
            "Stop": [{"hooks": [{"type": "command", "command": "say done"}]}],
            "Notification": [{"matcher": "", "hooks": []}],
        },
        "permissions": {"allow": ["Bash(ls:*)"], "deny": []},
        "später": "ü",
    }

    after = json.loads(install(json.dumps(before).encode()))

    assert list(after) == list(before)
    assert {key: value for key, value in after.items() if key != "hooks"} == {
        key: value for key, value in before.items() if key != "hooks"
    }
    assert after["hooks"]["Stop"] == [*before["hooks"]["Stop"], *OURS["Stop"]]
    assert after["hooks"]["Notification"] == before["hooks"]["Notification"]
    assert set(after["hooks"]) == {*EVENTS, "Notification"}


def test_installing_twice_changes_nothing() -> None:
    once = install(b'{\n    "model": "opus"\n}')

    assert install(once) == once


def test_an_installation_at_another_path_is_replaced_where_it_stood() -> None:
    theirs = {"hooks": [{"type": "command", "command": "theirs"}]}
    elsewhere = hook_entries(Path("/old/rb-hook"), via="settings")["Stop"]
    before = {"hooks": {"Stop": [*elsewhere, theirs], "PreCompact": elsewhere}}

    after = json.loads(install(json.dumps(before).encode()))

    assert after["hooks"]["Stop"] == [*OURS["Stop"], theirs]
    assert "PreCompact" not in after["hooks"]
    assert "/old/rb-hook" not in json.dumps(after)


def test_a_handler_of_ours_in_a_group_of_theirs_is_taken_out_alone() -> None:
    [ours] = OURS["Stop"][0]["hooks"]
    theirs = {"type": "command", "command": "theirs"}
    before = {"hooks": {"Stop": [{"matcher": "x", "hooks": [theirs, ours]}]}}

    after = uninstall(json.dumps(before).encode())

    assert after is not None
    assert json.loads(after) == {"hooks": {"Stop": [{"matcher": "x", "hooks": [theirs]}]}}


def test_a_program_of_the_same_name_for_another_host_is_not_ours() -> None:
    other = {"hooks": {"Stop": [{"hooks": [{"command": "/x/rb-hook", "args": ["codex", "Stop"]}]}]}}
    content = json.dumps(other).encode()

    assert uninstall(content) == content
    assert our_hooks(other, host=HOST, path=PATH) == {}


def test_a_file_that_held_nothing_else_may_go() -> None:
    assert uninstall(install(None)) is None
    assert uninstall(None) is None


def test_a_file_without_our_hooks_is_left_byte_for_byte() -> None:
    content = b'{"hooks" : { } ,\n\n "a":1.50e1}'

    assert uninstall(content) == content


settings = st.dictionaries(
    st.text(max_size=8).filter(lambda key: key != "hooks"),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5),
    max_size=5,
)


@given(before=settings, indent=st.sampled_from([2, 4, "\t", None]), last=st.sampled_from(["", "\n"]))
def test_what_is_installed_and_removed_leaves_the_file_as_it_was(
    before: dict[str, Any], indent: int | str | None, last: str
) -> None:
    before = {"first": 1, **before}
    content = (json.dumps(before, indent=indent, ensure_ascii=False) + last).encode("utf-8", "surrogatepass")

    assert uninstall(install(content)) == content


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b'\xef\xbb\xbf{\n  "a": 1\n}\n', b"\xef\xbb\xbf{\n  "),
        (b'{\r\n    "a": 1\r\n}\r\n', b'{\r\n    "a": 1,\r\n    "hooks"'),
        (b'{\n\t"a": 1\n}', b'{\n\t"a": 1,\n\t"hooks"'),
        (b'{"a": 1}', b'{"a": 1, "hooks"'),
        (b"", b'{\n  "hooks"'),
        (b"{}", b'{\n  "hooks"'),
    ],
)
def test_the_file_keeps_its_own_manner(content: bytes, part: bytes) -> None:
    assert install(content).startswith(part)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b'{\n  "a": 1,\n  // mine\n  "b": 2\n}',
            r"settings\.json, line 3, column 3: .* JSON without comments",
        ),
        (b'{\n  "a": 1,\n}', r"line (2|3), column \d+"),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' is there twice"),
        (b"[]", "holds a list, not an object"),
        (b'{"a": "\xff"}', "line 1: not UTF-8"),
        (b'{"hooks": []}', '"hooks" is not an object of lists'),
        (b'{"hooks": {"Stop": {}}}', '"hooks" is not an object of lists'),
        (b"[" * 100_000, "recursion|depth|line 1"),
    ],
)
def test_a_file_that_can_not_be_edited_safely_is_refused_with_the_place(content: bytes, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        install(content)
    with pytest.raises(SettingsError, match=message):
        uninstall(content)


def test_our_entries_call_the_program_itself_without_a_shell() -> None:
    for event, groups in OURS.items():
        [group] = groups
        [handler] = group["hooks"]
        assert handler["command"] == "/home/me/.local/share/reasoningbank/hooks/rb-hook"
        assert handler["args"] == ["claude-code", event, "--via", "settings"]
        assert handler["timeout"] <= (1.5 if event == "SessionEnd" else 5)


def test_matchers_are_plain_names_that_need_no_regular_expression() -> None:
    matchers = [group["matcher"] for groups in OURS.values() for group in groups if "matcher" in group]

    assert matchers == ["Agent|Task", "Write|Edit|NotebookEdit|Bash|Agent|Task", "Bash"]
