"""Files of the installation that are gone, broken, slow or of another interpreter: the host notices nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rbtest.daemon_process import wait_until
from rbtest.hook_home import BOUND_S, HookHome, install_program, ordinary_user, quickest
from rbtest.hook_peers import Router, answer

from reasoningbank_hooks.installer import HookProgram
from reasoningbank_schema import spool

SECRET = "ghp_" + "a1B2" * 9
PAYLOAD = json.dumps(
    {"session_id": "s", "tool_name": "Bash", "tool_input": {"command": SECRET * 10}}
).encode()


@pytest.fixture
def own_program() -> Iterator[HookProgram]:
    """An installation that a test may break."""
    folder = Path(tempfile.mkdtemp(prefix="rb-program-", dir="/tmp"))
    folder.chmod(0o755)
    yield install_program(folder)
    shutil.rmtree(folder)


@pytest.fixture
def make_home(own_program: HookProgram) -> Iterator[Callable[[], HookHome]]:
    homes: list[HookHome] = []

    def make() -> HookHome:
        homes.append(HookHome(own_program))
        return homes[-1]

    yield make
    for home in homes:
        home.remove()


def replace(program: HookProgram, module: str, text: str) -> None:
    path = program.library / module
    path.unlink()
    path.write_text(text)


@pytest.mark.parametrize("module", ["rb_hook.py", "rb_hook_fallback.py", "reasoningbank_schema/spool.py"])
@pytest.mark.parametrize("text", ["raise SystemExit(2)", "def broken(", "import no_such_module"])
def test_a_broken_module_is_silent_and_writes_no_secret(
    own_program: HookProgram, make_home: Callable[[], HookHome], module: str, text: str
) -> None:
    replace(own_program, module, text)
    home = make_home()

    run = home.run("PostToolUse", PAYLOAD)

    assert run.is_silent
    assert not any(SECRET.encode() in path.read_bytes() for path in home.root.rglob("*") if path.is_file())


def test_a_library_that_is_gone_is_silent(
    own_program: HookProgram, make_home: Callable[[], HookHome]
) -> None:
    shutil.rmtree(own_program.library)

    assert make_home().run("PostToolUse", PAYLOAD).is_silent


def test_the_failure_path_is_not_needed_while_the_daemon_answers(
    own_program: HookProgram, make_home: Callable[[], HookHome]
) -> None:
    (own_program.library / "rb_hook_fallback.py").unlink()
    home = make_home()

    with Router(home.socket, lambda request: [answer(request, b"{}")], owner=ordinary_user()):
        run = home.run("PostToolUse", PAYLOAD)

    assert (run.status, run.stdout, run.stderr) == (0, b"{}", b"")


def test_a_redactor_that_fails_leaves_the_header_alone_and_is_counted(
    own_program: HookProgram, make_home: Callable[[], HookHome]
) -> None:
    replace(
        own_program, "reasoningbank_schema/redaction.py", "def redact_bytes(payload):\n    raise ValueError\n"
    )
    home = make_home()

    run = home.run("PostToolUse", PAYLOAD)

    assert run.is_silent
    [(_, event)] = home.spooled()
    assert (event.payload, event.truncated) == (b"", True)
    assert (event.host, event.event) == ("claude-code", "PostToolUse")
    assert (home.paths.spool / "bare.count").stat().st_size == 1


def test_a_redactor_that_does_not_end_leaves_the_outline(
    own_program: HookProgram, make_home: Callable[[], HookHome]
) -> None:
    endless = (
        "def redact_bytes(payload):\n    while len(payload) > 200:\n        pass\n    return payload, 0\n"
    )
    replace(own_program, "reasoningbank_schema/redaction.py", endless)
    home = make_home()

    run = quickest(lambda: home.run("PostToolUse", PAYLOAD))

    assert run.wall_s < BOUND_S
    wait_until(lambda: len(home.spooled()) == home.calls, what="the children that went on to come to an end")
    assert [json.loads(event.payload) for _, event in home.spooled()] == [
        {"session_id": "s", "tool_name": "Bash"}
    ] * home.calls
    assert not (home.paths.spool / "bare.count").exists()


@pytest.mark.parametrize(
    "module",
    [
        "reasoningbank_schema/redaction.py",
        "reasoningbank_schema/spool.py",
        "reasoningbank_schema/spool.py: write",
        "rb_hook_fallback.py",
    ],
)
def test_what_is_not_done_in_time_is_finished_by_a_child_for_which_nobody_waits(
    own_program: HookProgram, make_home: Callable[[], HookHome], module: str
) -> None:
    """A machine so busy that milliseconds of work take most of a second, wherever that happens."""
    name, _, where = module.partition(": ")
    source = (own_program.library / name).read_text()
    slow = "import time\ntime.sleep(0.6)\n"
    if where:
        slow_call = "    import time\n    time.sleep(0.6)\n    unfinished = f"
        replace(own_program, name, source.replace("    unfinished = f", slow_call))
    else:
        replace(
            own_program,
            name,
            source.replace(
                "from __future__ import annotations\n", f"from __future__ import annotations\n{slow}"
            ),
        )
    home = make_home()

    run = quickest(lambda: home.run("PostToolUse", PAYLOAD))

    assert run.wall_s < BOUND_S
    wait_until(lambda: len(home.spooled()) == home.calls, what="every event in the spool")
    for _, event in home.spooled():
        assert not event.truncated
        assert json.loads(event.payload).keys() == json.loads(PAYLOAD).keys()
        assert SECRET.encode() not in event.payload


def test_modules_compiled_for_another_interpreter_are_compiled_anew(
    own_program: HookProgram, make_home: Callable[[], HookHome]
) -> None:
    for compiled in own_program.library.rglob("*.pyc"):
        compiled.write_bytes(b"of another age" + compiled.read_bytes()[14:])
    home = make_home()

    run = home.run("PostToolUse", b"{}")

    assert run.is_silent
    assert len(home.spooled()) == 1


def test_a_spool_over_its_bounds_drops_the_oldest_and_counts_them(
    own_program: HookProgram, make_home: Callable[[], HookHome]
) -> None:
    bound = spool.DEFAULT_LIMITS.count
    source = (own_program.library / "reasoningbank_schema" / "spool.py").read_text()
    assert "count: int = 10_000" in source
    replace(
        own_program, "reasoningbank_schema/spool.py", source.replace("count: int = 10_000", "count: int = 3")
    )
    home = make_home()

    for number in range(5):
        home.run("PostToolUse", b'{"session_id":"%d"}' % number)

    assert bound == 10_000
    assert [json.loads(event.payload)["session_id"] for _, event in home.spooled()] == ["2", "3", "4"]
    assert (home.paths.spool / "dropped.count").stat().st_size == 2
