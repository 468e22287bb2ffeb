"""What the model of the real Claude Code reads after an edit that is clean, worse, broken or mended."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rbtest.claude_cli import ClaudeBox, Run
from rbtest.daemon_process import DaemonProcess
from rbtest.fake_anthropic import Script, use
from rbtest.installed_hooks import InstalledHooks, install, rows

CLEAN = "def f(x):\n    return int(x)\n"
EDITS: Script = {
    "E2EEDIT": [
        use("Write", file_path="@PROJ@/good.py", content=CLEAN),
        use("Edit", file_path="@PROJ@/good.py", old_string="int(x)", new_string="eval(x)"),
        use("Edit", file_path="@PROJ@/good.py", old_string="def f(x):", new_string="def f(x:"),
        use("Edit", file_path="@PROJ@/good.py", old_string="def f(x:", new_string="def f(x):"),
        use("Edit", file_path="@PROJ@/good.py", old_string="eval(x)", new_string="int(x)"),
        {"text": "good.py is written."},
    ],
}
BROKEN, WORSE, SAME, BETTER = 0, 1, 2, 3
TOLD = re.compile(r"\[ReasoningBank\] (?P<text>(?:After this edit|This edit)[^<]*)")


def told_after_each_edit(run: Run) -> list[str]:
    """Return what the model reads between each edit's result and its own next message: our text, or nothing."""
    told: list[str] = []
    for message in run.api.message_requests()[-1]["body"]["messages"]:
        text = json.dumps(message["content"], ensure_ascii=False).replace("\\n", "\n")
        if message["role"] == "user" and "tool_result" in text:
            told.append("")
        if told and message["role"] != "assistant" and (match := TOLD.search(text)):
            told[-1] = match["text"].strip()
    return told


def edited(claude: Path, hooks: InstalledHooks) -> Run:
    """Let the agent make the edits; again, up to three times, where a busy machine took longer than the hook's 150 ms."""
    for _ in range(3):
        with ClaudeBox(claude) as box:
            run = hooks.run(box, "E2EEDIT write good.py", EDITS)
        _, worse, broken, *_ = told_after_each_edit(run)
        if worse and broken:
            break
    return run


@pytest.mark.real_agent
@pytest.mark.alone
def test_model_reads_what_each_edit_made_worse_and_nothing_else(
    claude: Path, warm_daemon: DaemonProcess, tmp_path: Path
) -> None:
    hooks = install(warm_daemon, tmp_path, "settings")

    run = edited(claude, hooks)

    assert run.exit_status == 0, run.stderr
    assert run.failed_hooks() == []
    clean, worse, broken, mended, better = told_after_each_edit(run)
    assert clean == ""
    assert worse.startswith("This edit brought new issues into good.py.\ngood.py:2 S307 (security): ")
    assert "ast.literal_eval" in worse
    assert broken.startswith("After this edit good.py no longer parses.\ngood.py:1 invalid-syntax (syntax): ")
    assert "S307" not in broken
    assert (mended, better) == ("", "")
    assert rows(warm_daemon, "SELECT verdict FROM step WHERE kind = 0 ORDER BY id")[-5:] == [
        (SAME,),
        (WORSE,),
        (BROKEN,),
        (BETTER,),
        (BETTER,),
    ]


@pytest.mark.real_agent
@pytest.mark.alone
def test_gate_stops_the_agent_only_after_an_edit_that_breaks_the_file(
    claude: Path, warm_daemon: DaemonProcess, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "reasoningbank_daemon.cli.main", "config", "set", "quality.mode", "gate"]
    subprocess.run(
        command, env={"RB_HOME": str(warm_daemon.home), "HOME": str(tmp_path)}, check=True, timeout=60
    )
    hooks = install(warm_daemon, tmp_path, "settings")

    run = edited(claude, hooks)

    assert run.failed_hooks() == []
    _, worse, broken, *_ = told_after_each_edit(run)
    assert worse.startswith("This edit")
    assert broken.startswith("After this edit")
    blocked = [request for request in run.api.message_requests() if "blocking error" in json.dumps(request)]
    assert blocked, "the host did not pass the block on"
