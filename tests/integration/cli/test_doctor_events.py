from __future__ import annotations

from rbtest.command_line import CommandLine
from rbtest.wire import Wire

from reasoningbank_schema.messages import HookEvent
from reasoningbank_schema.paths import resolve_paths


def test_events_that_were_not_understood_are_told_with_the_reason(bench: CommandLine) -> None:
    bench.run("up")
    endpoint = resolve_paths({"RB_HOME": str(bench.home)}, home=bench.home).endpoint
    before = bench.json("doctor")["checks"]
    with Wire(endpoint) as wire:
        wire.ask(HookEvent(host="claude-code", event="PostToolUse", payload=b"no JSON"))

    after = bench.json("doctor")["checks"]

    [understood] = [check for check in before if check["about"] == "events"]
    [refused] = [check for check in after if check["about"] == "events"]
    assert understood["mark"] == "ok"
    assert refused["mark"] == "warning"
    assert (
        "1 event of the last week not understood, the latest PostToolUse of claude-code: "
        in refused["message"]
    )
    assert "JSON" in refused["message"]
