"""The real Claude Code while the daemon is in trouble: it notices nothing, and no event is lost or counted twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rbtest.between import GoBetween
from rbtest.claude_cli import ClaudeBox, Run
from rbtest.command_line import CommandLine
from rbtest.daemon_process import DaemonProcess, scratch_home, wait_until
from rbtest.fake_anthropic import Script, delegate, use
from rbtest.hook_peers import RawPeer
from rbtest.installed_hooks import InstalledHooks, install, rows

TASK: Script = {
    "E2ETASK": [
        use("Write", file_path="@PROJ@/good.py", content="def f(x):\n    return x+1\n"),
        use("Edit", file_path="@PROJ@/good.py", old_string="x+1", new_string="x+2"),
        use("Bash", command="exit 3", description="a failing test"),
        {"tools": [delegate("E2ESUB look at good.py")]},
        {"text": "good.py is written."},
    ],
    "E2ESUB": [{"text": "looks good"}],
}
PROMPT = "E2ETASK write good.py"
"""What the model is asked must be no more than without hooks."""

Trouble = Callable[[DaemonProcess], Iterator[None]]


def absent(_: DaemonProcess) -> Iterator[None]:
    """The session's first hook starts one; what comes before it answers waits in the spool."""
    yield


def stopped(daemon: DaemonProcess) -> Iterator[None]:
    daemon.start()
    daemon.pause()
    yield
    daemon.resume()


def garbage_in_its_place(daemon: DaemonProcess) -> Iterator[None]:
    daemon.paths.runtime_dir.mkdir(mode=0o700)
    with RawPeer(
        str(daemon.paths.socket), lambda connection: connection.sendall(os.urandom(4096)), owner=None
    ):
        yield


def answering_late(daemon: DaemonProcess) -> Iterator[None]:
    daemon.start()
    with GoBetween(daemon):
        yield


def dying_in_the_middle(daemon: DaemonProcess) -> Iterator[None]:
    requests = iter(range(1000))

    def die_at_the_fourth() -> None:
        if next(requests) == 3:
            daemon.kill()

    daemon.start()
    between = GoBetween(daemon, on_request=die_at_the_fourth)
    between.release()
    with between:
        yield
    assert next(requests) >= 4


@pytest.fixture(scope="module")
def without(claude: Path) -> Run:
    """What the same prompt does without hooks."""
    with ClaudeBox(claude) as box:
        return box.run(PROMPT, TASK)


@pytest.fixture
def idle_daemon() -> Iterator[DaemonProcess]:
    """A daemon that nobody has started yet; however it was started, it is gone afterwards."""
    with scratch_home() as home:
        process = DaemonProcess(home)
        yield process
        process.stop_whatever_it_does()
        CommandLine(home).run("down", "--force")


@pytest.fixture(params=["settings", "plugin"])
def hooks(request: pytest.FixtureRequest, idle_daemon: DaemonProcess, tmp_path: Path) -> InstalledHooks:
    return install(idle_daemon, tmp_path, request.param)


@pytest.mark.real_agent
@pytest.mark.parametrize(
    "trouble", [absent, stopped, garbage_in_its_place, answering_late, dying_in_the_middle]
)
def test_the_agent_works_as_without_hooks_and_each_event_is_in_the_bank_once(
    claude: Path, idle_daemon: DaemonProcess, hooks: InstalledHooks, without: Run, trouble: Trouble
) -> None:
    with contextmanager(trouble)(idle_daemon), ClaudeBox(claude) as box:
        run = hooks.run(box, PROMPT, TASK)
    assert CommandLine(idle_daemon.home).run("up").returncode == 0

    assert (run.exit_status, run.stderr) == (without.exit_status, without.stderr)
    assert run.result["result"] == without.result["result"]
    assert run.result["num_turns"] == without.result["num_turns"]
    assert len(run.api.message_requests()) == len(without.api.message_requests())
    assert run.failed_hooks() == []
    assert [hook for hook in run.hook_responses() if hook.get("stderr")] == []
    called = sum(len(statuses) for statuses in run.hooks_run().values())
    assert called >= 10
    wait_until(
        lambda: (
            rows(idle_daemon, "SELECT count(*) FROM receipt") == [(called,)]
            and not list(idle_daemon.paths.spool.glob("*.event"))
        ),
        what=f"{called} events in the bank and an empty spool",
    )
    assert rows(idle_daemon, "SELECT kind, closed_by FROM task ORDER BY id") == [
        ("main", "session_end"),
        ("general-purpose", "returned"),
    ]
    assert rows(
        idle_daemon,
        "SELECT t.kind, s.kind, s.exit_status FROM step s JOIN task t ON t.id = s.task_id ORDER BY s.at_ns",
    ) == [
        ("main", 0, None),
        ("main", 0, None),
        ("main", 1, 3),
        ("main", 3, None),
    ]
