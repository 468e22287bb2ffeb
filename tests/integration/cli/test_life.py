from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rbtest.command_line import CommandLine
from rbtest.daemon_process import stop_where_it_is, wait_until

from reasoningbank_schema.exit_codes import ExitCode


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def test_up_returns_when_the_daemon_answers_and_says_so_again(bench: CommandLine) -> None:
    first = bench.run("up")
    status = bench.json("status")
    second = bench.run("up")

    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == f"The daemon is running (pid {status['pid']}).\n"
    assert second.stdout == f"The daemon is already running (pid {status['pid']}).\n"
    assert status["state"] == "serving"


def test_daemon_that_up_started_shares_nothing_with_its_caller(bench: CommandLine) -> None:
    bench.run("up")
    pid = bench.json("status")["pid"]

    descriptors = {name.name: str(name.readlink()) for name in Path(f"/proc/{pid}/fd").iterdir()}

    assert os.getsid(pid) == pid
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
    assert descriptors["0"] == "/dev/null"
    assert descriptors["1"] == descriptors["2"] == str(bench.home / "state" / "logs" / "startup.log")


def test_status_tells_that_nothing_runs_and_starts_nothing(bench: CommandLine) -> None:
    done = bench.run("status")
    found = bench.json("status")

    assert done.returncode == 3
    assert "The daemon is not running. Start it: reasoningbank up" in done.stdout
    assert (found["running"], found["answers"], found["pid"]) == (False, False, None)
    assert list(bench.home.iterdir()) == []


def test_down_leaves_no_socket_and_is_content_when_nothing_runs(bench: CommandLine) -> None:
    bench.run("up")

    first = bench.run("down")
    second = bench.run("down")

    assert (first.returncode, first.stdout) == (0, "The daemon has stopped.\n")
    assert (second.returncode, second.stdout) == (0, "The daemon is not running.\n")
    assert not (bench.home / "run" / "bus.sock").exists()


def test_daemon_that_hangs_is_named_and_ended_by_force(bench: CommandLine) -> None:
    bench.run("up")
    pid = bench.json("status")["pid"]
    stop_where_it_is(pid)

    status = bench.run("status")
    asked = bench.run("down", "--timeout", "1")
    forced = bench.run("down", "--timeout", "1", "--force")

    assert status.returncode == 69
    assert f"A daemon is running (pid {pid}) but does not answer" in status.stdout
    assert asked.returncode == 69
    assert "Next: reasoningbank down --force" in asked.stderr
    assert (forced.returncode, forced.stdout) == (0, f"The daemon was killed (pid {pid}).\n")


def test_daemon_comes_back_after_it_was_killed(bench: CommandLine) -> None:
    bench.run("up")
    killed = bench.json("status")["pid"]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: bench.run("status").returncode == 3, what="the killed daemon's lock to be free")

    again = bench.run("up")

    assert again.returncode == 0
    assert bench.json("status")["pid"] != killed


def test_up_passes_on_why_the_daemon_could_not_start(bench: CommandLine) -> None:
    (bench.home / "config.toml").write_text("[recall]\nmax_chars = 9\n", encoding="utf-8")

    done = bench.run("up")

    assert done.returncode == 78
    assert "ended at once with exit code 78" in done.stderr
    assert "recall.max_chars is 9; allowed: a whole number from 200 to 1500" in done.stderr
    assert "Next: reasoningbank doctor" in done.stderr


def test_up_says_when_the_bank_is_no_database(bench: CommandLine) -> None:
    (bench.home / "data").mkdir()
    (bench.home / "data" / "memory.db").write_bytes(b"not a database at all" * 500)

    done = bench.run("up")

    assert done.returncode == 74
    assert str(bench.home / "data" / "memory.db") in done.stderr


def test_up_refuses_a_socket_path_that_no_system_takes(bench: CommandLine) -> None:
    home = bench.home / ("x" * 100)

    done = bench.run("up", RB_HOME=str(home))

    assert done.returncode == 73
    assert "107" in done.stderr


def test_relative_home_is_the_same_for_command_and_daemon(bench: CommandLine) -> None:
    up = bench.run("up", RB_HOME=".")
    status = bench.json("status")

    assert up.returncode == 0
    assert status["bank"] == str(bench.home / "data" / "memory.db")


def test_changed_configuration_is_in_force_without_a_restart(bench: CommandLine) -> None:
    bench.run("up")

    done = bench.run("config", "set", "tasks.idle_minutes", "5")

    assert "The running daemon applies it at once." in done.stdout
    wait_until(lambda: "config_reloaded" in bench.run("logs").stdout, what="the daemon to reload")


def test_logs_end_with_what_was_said_last_in_words_or_as_it_is(bench: CommandLine) -> None:
    bench.run("up")
    bench.run("down")

    shown = bench.run("logs", "-n", "100")
    raw = bench.run("logs", "--json", "-n", "1")

    assert "serving socket=" in shown.stdout
    assert raw.stdout.startswith('{"timestamp":')
    assert '"event":"stopped"' in raw.stdout


@pytest.mark.timeout(120)
def test_logs_follow_what_is_added(bench: CommandLine) -> None:
    bench.run("up")

    with bench.started("logs", "-f", "-n", "1") as following:
        assert following.stdout is not None
        shown = [following.stdout.readline()]
        bench.run("down")
        while "stopped" not in shown[-1]:
            shown.append(following.stdout.readline())
            assert shown[-1], "the command ended instead of following"

    assert any("draining" in line for line in shown[1:])


@pytest.mark.timeout(120)
def test_logs_follow_into_the_file_that_a_rotation_begins(bench: CommandLine) -> None:
    file = bench.home / "state" / "logs" / "daemon.log"
    file.parent.mkdir(parents=True)
    file.write_text("first\n", encoding="utf-8")

    with bench.started("logs", "-f", "-n", "1") as following:
        assert following.stdout is not None
        shown = [following.stdout.readline()]
        with file.open("a", encoding="utf-8") as stream:
            stream.write("second\n")
        shown.append(following.stdout.readline())
        file.rename(file.with_name("daemon.log.1"))
        file.write_text("third\n", encoding="utf-8")
        shown.append(following.stdout.readline())

    assert shown == ["first\n", "second\n", "third\n"]


@pytest.mark.parametrize("given", ["-1", "soon", "inf", "nan"])
def test_timeout_that_is_no_number_of_seconds_is_refused(bench: CommandLine, given: str) -> None:
    done = bench.run("up", "--timeout", given)

    assert done.returncode == 64
    assert f"'{given}' is not a number of seconds" in done.stderr


def test_mistake_in_the_daemons_own_command_line_ends_as_its_help_says() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reasoningbank_daemon.main", "foo"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == ExitCode.USAGE
    assert "unrecognized arguments: foo" in done.stderr
