"""The model that a subagent runs on in the real Claude Code, once the record supports a cheaper one."""

from __future__ import annotations

from pathlib import Path

import pytest
from rbtest.claude_cli import ClaudeBox
from rbtest.daemon_process import DaemonProcess, wait_until
from rbtest.fake_anthropic import Script, delegate, use
from rbtest.installed_hooks import install, rows, wait_for_usage

WORKERS = 32
"""Each writes a module and a test that passes; one passed test is no proof, so it takes some of them."""
AT_ONCE = 8

DEFAULT, CHEAP, OTHER = "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5"


def _worker(number: int) -> list[dict[str, object]]:
    """One subagent's work: code, its test, and the test's run, whose exit status is the evidence."""
    module, name = f"part{number:02}", f"double{number:02}"
    test = (
        f"import unittest\nfrom {module} import {name}\n\n\nclass T(unittest.TestCase):\n"
        f"    def test_it(self):\n        self.assertEqual({name}(2), 4)\n"
    )
    return [
        use("Write", file_path=f"@PROJ@/{module}.py", content=f"def {name}(x):\n    return 2 * x\n"),
        use("Write", file_path=f"@PROJ@/test_{module}.py", content=test),
        use("Bash", command=f"python3 -m unittest -q test_{module}", description="test it"),
        {"text": f"{module} is done and its test passes."},
    ]


EVIDENCE: Script = {
    "E2EMANY": [
        *(
            {
                "tools": [
                    delegate(f"E2EMAKE{number:02} write part{number:02} with a test", model="haiku")
                    for number in range(start, start + AT_ONCE)
                ]
            }
            for start in range(0, WORKERS, AT_ONCE)
        ),
        {"text": "All parts are written."},
    ],
    **{f"E2EMAKE{number:02}": _worker(number) for number in range(WORKERS)},
}
LATER: Script = {
    "E2ELATER": [
        {"tools": [delegate("E2EFREE write another part with a test")]},
        {"tools": [delegate("E2ESET write one more part with a test", model="sonnet")]},
        {"text": "Delegated."},
    ],
    "E2EFREE": [{"text": "done"}],
    "E2ESET": [{"text": "done"}],
}


@pytest.mark.real_agent
@pytest.mark.alone
@pytest.mark.parametrize("kind", ["settings", "plugin"])
def test_a_subagent_runs_on_the_cheaper_model_that_the_record_supports(
    claude: Path, daemon: DaemonProcess, tmp_path: Path, kind: str
) -> None:
    hooks = install(daemon, tmp_path, kind)
    with ClaudeBox(claude) as box:
        before = hooks.run(box, "E2ELATER split the work", LATER)
        earlier = hooks.run(box, "E2EMANY write all the parts", EVIDENCE)
        wait_for_usage(daemon, earlier)
        wait_until(
            lambda: (
                rows(daemon, "SELECT count(*) FROM task WHERE label = 'success' AND model = ?", CHEAP)
                == [(WORKERS,)]
            ),
            what="every worker's task closed and judged by its test",
        )

        later = hooks.run(box, "E2ELATER split the work", LATER)

    assert [run.failed_hooks() for run in (before, earlier, later)] == [[], [], []]
    # Without a record nothing was touched: the subagent ran on its parent's model.
    assert (before.api.models_of("E2EFREE"), before.api.models_of("E2ESET")) == ({DEFAULT}, {OTHER})
    # With one, the model is set where the caller left it open, and only there.
    assert (later.api.models_of("E2EFREE"), later.api.models_of("E2ESET")) == ({CHEAP}, {OTHER})
    assert later.api.models_of("E2ELATER") == {DEFAULT}
    decided = rows(
        daemon,
        "SELECT d.model, d.evidence, d.applied FROM decision d JOIN delegation g ON g.id = d.delegation_id "
        "JOIN agent_session s ON s.id = g.session_id WHERE s.key = ? ORDER BY d.at_ns",
        later.result["session_id"],
    )
    assert decided == [(CHEAP, WORKERS, 1), (CHEAP, WORKERS, 0)]
