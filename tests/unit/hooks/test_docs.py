"""The guide names what there is."""

from __future__ import annotations

from pathlib import Path

from reasoningbank_hooks import rb_hook
from reasoningbank_hooks.hosts import HOSTS
from reasoningbank_hooks.hosts.base import CONTEXT_LIMIT_CHARS
from reasoningbank_hooks.installer.claude_hooks import EVENTS, SESSION_END_TIMEOUT_S, TIMEOUT_S
from reasoningbank_schema import spool

GUIDE = (Path(__file__).parents[3] / "docs" / "hooks.md").read_text(encoding="utf-8")


def test_every_event_that_is_installed_is_in_the_guide_with_its_tools() -> None:
    rows = [line for line in GUIDE.splitlines() if line.startswith("| `")]

    for event, matcher in EVENTS.items():
        [row] = [row for row in rows if f"`{event}`" in row.split("|")[1]]
        tools = [] if matcher is None else matcher.split("|")
        assert [tool for tool in tools if f"`{tool}`" not in row] == []


def test_every_host_is_in_the_guide() -> None:
    assert [host for host in HOSTS if f"\n| `{host}` |" not in GUIDE] == []


def test_the_figures_in_the_guide_are_those_of_the_code() -> None:
    assert f"**{rb_hook.DEADLINE_MS} ms**" in GUIDE
    assert f"spooling get another {rb_hook.GRACE_MS} ms" in GUIDE
    assert f"stdin is larger than {rb_hook.MAX_SENT_BYTES >> 20} MiB" in GUIDE
    assert f"timeout of {TIMEOUT_S} s (SessionEnd: {SESSION_END_TIMEOUT_S} s)" in GUIDE
    assert f"{CONTEXT_LIMIT_CHARS:,} characters" in GUIDE
    assert f"at most {spool.DEFAULT_LIMITS.count:,} entries" in GUIDE
    assert f"{spool.DEFAULT_LIMITS.size_bytes >> 20} MB" in GUIDE
    assert f"over {spool.MAX_EVENT_BYTES >> 10} kB" in GUIDE
