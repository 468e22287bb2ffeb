"""The whole way: the real Claude Code, the installed hooks, the real daemon, and back."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from rbtest.claude_cli import ClaudeBox, Run
from rbtest.daemon_process import DaemonProcess
from rbtest.fake_anthropic import Billed, Script, delegate, request_text, use
from rbtest.installed_hooks import InstalledHooks, install, rows, wait_for_usage

from reasoningbank_daemon.config import price_document, price_version
from reasoningbank_daemon.config.models import DEFAULTS_FILE

FIRST: Script = {
    "E2EFIRST": [
        use("Write", file_path="@PROJ@/good.py", content="def f(x):\n    return x+1\n"),
        use("Edit", file_path="@PROJ@/good.py", old_string="x+1", new_string="eval(x)"),
        use("Bash", command="echo boom >&2; exit 3", description="a failing test"),
        use("Bash", command="python3 -c 'import good'", description="import it"),
        {"tools": [delegate("E2ESUB review good.py")]},
        {"text": "good.py is written."},
    ],
    "E2ESUB": [use("Bash", command="cat good.py", description="read"), {"text": "review: ok"}],
}
SECOND: Script = {"E2ESECOND": [{"text": "done"}]}
PROMPT = "write the parser function f in good.py and review it with an agent"
EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse:Agent",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "SessionEnd",
)
EDIT, COMMAND, SUBAGENT = 0, 1, 3


def _listed_cost_usd(bills: Iterable[Billed]) -> float:
    """Price what the API reported by the dated list, in arithmetic of our own."""
    listed = tomllib.loads(DEFAULTS_FILE.read_text(encoding="utf-8"))["models"]
    price = {entry["name"]: entry for entry in listed}
    total = sum(
        bill.input_tokens * price[bill.model]["input"]
        + bill.output_tokens * price[bill.model]["output"]
        + bill.cache_read_tokens * price[bill.model]["cache_read"]
        + bill.cache_write_5m_tokens * price[bill.model]["cache_write_5m"]
        + bill.cache_write_1h_tokens * price[bill.model]["cache_write_1h"]
        for bill in bills
    )
    return float(total) / 1_000_000


def _statuses(run: Run, event: str) -> list[int]:
    return [
        status
        for name, found in run.hooks_run().items()
        if event in {name, name.split(":")[0]}
        for status in found
    ]


@pytest.mark.real_agent
@pytest.mark.alone
@pytest.mark.parametrize("kind", ["settings", "plugin"])
def test_a_task_is_recorded_judged_and_told_to_the_next(
    claude: Path, warm_daemon: DaemonProcess, tmp_path: Path, kind: str
) -> None:
    hooks = install(warm_daemon, tmp_path, kind)

    with ClaudeBox(claude) as box:
        first = hooks.run(box, f"E2EFIRST {PROMPT}", FIRST)
    with ClaudeBox(claude) as another_box:
        second = hooks.run(another_box, f"E2ESECOND {PROMPT}", SECOND)

    for run in (first, second):
        assert run.exit_status == 0, run.stderr
        assert run.failed_hooks() == []
    for event in EVENTS:
        assert set(_statuses(first, event)) == {0}, f"{event}: {first.hooks_run()}"
    assert "From an earlier task" in request_text(second.api.message_requests()[0])
    tasks = rows(warm_daemon, "SELECT kind, label, ended_ns IS NOT NULL FROM task ORDER BY id")
    assert tasks == [("main", "unknown", 1), ("general-purpose", "unknown", 1), ("main", "unknown", 1)]
    steps = rows(warm_daemon, "SELECT kind, exit_status FROM step WHERE task_id = 1 ORDER BY at_ns, id")
    assert steps == [(EDIT, None), (EDIT, None), (COMMAND, 3), (COMMAND, 0), (SUBAGENT, None)]
    assert rows(warm_daemon, "SELECT kind FROM step WHERE task_id = 2") == [(COMMAND,)]


@pytest.mark.real_agent
@pytest.mark.alone
@pytest.mark.parametrize("kind", ["settings", "plugin"])
def test_the_verdict_on_an_edit_reaches_the_models_next_request(
    claude: Path, warm_daemon: DaemonProcess, tmp_path: Path, kind: str
) -> None:
    hooks = install(warm_daemon, tmp_path, kind)

    told: list[bool] = []
    for _ in range(3):  # a busy machine may take longer than the hook's 150 ms
        with ClaudeBox(claude) as box:
            run = hooks.run(box, f"E2EFIRST {PROMPT}", FIRST)
        told.append(any("S307" in request_text(request) for request in run.api.message_requests()))
        if told[-1]:
            break

    assert told[-1], "the verdict on eval(x) did not reach the model"


@pytest.mark.real_agent
@pytest.mark.parametrize("kind", ["settings", "plugin"])
def test_a_task_costs_to_the_cent_what_the_api_reported_by_the_dated_prices(
    claude: Path, daemon: DaemonProcess, tmp_path: Path, kind: str
) -> None:
    hooks = install(daemon, tmp_path, kind)

    with ClaudeBox(claude) as box:
        run = hooks.run(box, f"E2EFIRST {PROMPT}", FIRST)
        wait_for_usage(daemon, run)

    recorded = rows(
        daemon,
        "SELECT kind, cost_usd, cost_unknown, price_list, tokens_input, tokens_output, tokens_cache_read, "
        "tokens_cache_write_5m, tokens_cache_write_1h FROM task ORDER BY id",
    )
    version = price_version(price_document(()))
    for marker, (kind_of_task, cost_usd, unknown, price_list, *tokens) in zip(
        ("E2EFIRST", "E2ESUB"), recorded, strict=True
    ):
        bills = [bill for bill in run.api.billed if bill.marker == marker]
        assert tokens == [
            sum(bill.input_tokens for bill in bills),
            sum(bill.output_tokens for bill in bills),
            sum(bill.cache_read_tokens for bill in bills),
            sum(bill.cache_write_5m_tokens for bill in bills),
            sum(bill.cache_write_1h_tokens for bill in bills),
        ], kind_of_task
        assert (unknown, price_list) == (None, version)
        assert cost_usd == pytest.approx(_listed_cost_usd(bills), abs=1e-9)
    total_usd = sum(cost_usd for _, cost_usd, *_ in recorded)
    assert f"{total_usd:.2f}" == f"{_listed_cost_usd(run.api.billed):.2f}"
    # The host computes a cost of its own, by the list that it comes with.
    assert f"{total_usd:.2f}" == f"{run.result['total_cost_usd']:.2f}"
    assert all(bill.cache_read_tokens and bill.cache_write_1h_tokens for bill in run.api.billed)


@pytest.mark.real_agent
def test_two_installations_count_each_event_once(claude: Path, daemon: DaemonProcess, tmp_path: Path) -> None:
    settings, plugin = (install(daemon, tmp_path, kind) for kind in ("settings", "plugin"))
    both = InstalledHooks(settings=settings.settings, plugin=plugin.plugin)

    with ClaudeBox(claude) as box:
        run = both.run(box, f"E2EFIRST {PROMPT}", FIRST)

    assert run.failed_hooks() == []
    assert rows(daemon, "SELECT kind, closed_by FROM task ORDER BY id") == [
        ("main", "session_end"),
        ("general-purpose", "returned"),
    ]
    assert rows(daemon, "SELECT stops FROM turn WHERE task_id = 1") == [(1,)]
    steps = rows(daemon, "SELECT task_id, kind, exit_status FROM step ORDER BY task_id, at_ns, id")
    assert steps == [
        (1, EDIT, None),
        (1, EDIT, None),
        (1, COMMAND, 3),
        (1, COMMAND, 0),
        (1, SUBAGENT, None),
        (2, COMMAND, 0),
    ]
    by_installation = rows(daemon, "SELECT count(*) FROM receipt GROUP BY via")
    assert len(by_installation) == 2
    assert by_installation[0] == by_installation[1]
