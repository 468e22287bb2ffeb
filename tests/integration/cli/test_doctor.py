from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from rbtest.command_line import CommandLine
from rbtest.daemon_process import scratch_home, stop_where_it_is, wait_until

from reasoningbank_schema.envelope import RequestHeader, pack_request
from reasoningbank_schema.messages import Remember, encode_request
from reasoningbank_schema.spool import write_entry


@pytest.fixture(scope="module")
def recording() -> Iterator[Path]:
    """Give a home with some lessons and an index, the daemon down."""
    with scratch_home() as home:
        command_line = CommandLine(home)
        command_line.run("up")
        for number in range(5):
            command_line.run("remember", f"The importer of orders {number} reads CSV with csv.reader.")
        wait_until(
            lambda: command_line.json("status")["lexical_documents"] == 5,
            what="the lessons to be in the index",
        )
        assert command_line.run("down").returncode == 0
        yield home


@pytest.fixture
def recorded(bench: CommandLine, recording: Path) -> CommandLine:
    """Give a home of the test's own with a copy of the recording."""
    shutil.copytree(recording, bench.home, dirs_exist_ok=True)
    return bench


def overwrite_middle(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 64] = bytes(64)
    file.write_bytes(raw)


def no_database(home: Path) -> None:
    (home / "data" / "memory.db").write_bytes(b"garbage" * 1000)


def newer_schema(home: Path) -> None:
    db = apsw.Connection(str(home / "data" / "memory.db"))
    db.pragma("user_version", 9999)
    db.close()


def damaged_index(home: Path) -> None:
    overwrite_middle(next((home / "state" / "indexes" / "lexical").glob("*.store")))


def missing_index_file(home: Path) -> None:
    next((home / "state" / "indexes" / "lexical").glob("*.term")).unlink()


def open_folder(home: Path) -> None:
    (home / "data").chmod(0o755)


def wrong_configuration(home: Path) -> None:
    (home / "config.toml").write_text("[tasks]\nidle_minutes = -1\n", encoding="utf-8")


def damaged_spool(home: Path) -> None:
    (home / "state" / "spool" / "00000000000000000001-00.event.damaged").write_bytes(b"x")


def missing_bank(home: Path) -> None:
    # The watermark says that something was acknowledged; the database that had it is gone.
    for file in (home / "data").glob("memory.db*"):
        file.unlink()


@pytest.mark.parametrize(
    ("damage", "about", "said", "code"),
    [
        (no_database, "bank", "memory.db", 1),
        (newer_schema, "schema", "newer", 1),
        (missing_bank, "loss", "", 1),
        (damaged_index, "indexes", "is damaged", 1),
        (missing_index_file, "indexes", "is missing", 1),
        (open_folder, "folders", "others may enter", 0),
        (wrong_configuration, "configuration", "tasks.idle_minutes is -1", 1),
        (damaged_spool, "spool", "1 damaged entry set aside", 0),
    ],
)
def test_damage_is_found_and_named(
    recorded: CommandLine, damage: Callable[[Path], None], about: str, said: str, code: int
) -> None:
    damage(recorded.home)

    done = recorded.run("doctor", "--deep")
    checks = recorded.json("doctor", "--deep")["checks"]

    found = [check for check in checks if check["about"] == about and check["mark"] != "ok"]
    assert any(said in check["message"] for check in found), done.stdout
    assert done.returncode == code


@pytest.mark.parametrize("damage", [no_database, newer_schema, wrong_configuration])
def test_what_keeps_the_daemon_from_starting_says_what_to_type_and_is_named_beside_the_daemon(
    recorded: CommandLine, damage: Callable[[Path], None]
) -> None:
    recorded.run("hooks", "install", "claude-code")
    damage(recorded.home)

    checks = recorded.json("doctor")["checks"]
    up = recorded.run("up")

    [error] = [check for check in checks if check["mark"] == "error"]
    [daemon] = [check for check in checks if check["about"] == "daemon"]
    assert error["next_step"]
    assert daemon["mark"] == "warning"
    assert f"can't start until this is fixed: {error['about']}" in daemon["message"]
    assert up.returncode != 0


def test_daemon_that_no_hook_starts_is_to_be_started_by_hand(bench: CommandLine) -> None:
    bench.run("hooks", "install", "claude-code")
    hooked = bench.json("doctor")["checks"]
    bench.run("hooks", "uninstall", "claude-code")

    bare = bench.json("doctor")["checks"]

    said = [next(check for check in checks if check["about"] == "daemon") for checks in (hooked, bare)]
    assert "your agent's next session starts it" in said[0]["message"]
    assert "session" not in said[1]["message"]
    assert said[1]["next_step"] == "reasoningbank up"


def test_settings_that_are_no_json_are_an_error_with_a_next_step(bench: CommandLine) -> None:
    (bench.home / ".claude").mkdir()
    (bench.home / ".claude" / "settings.json").write_text("{", encoding="utf-8")

    checks = bench.json("doctor")["checks"]

    [error] = [check for check in checks if check["mark"] == "error"]
    assert (error["about"], error["next_step"]) == ("hooks", "fix it, then: reasoningbank hooks status")


@pytest.mark.parametrize("with_backup", [True, False])
def test_what_doctor_says_of_a_bank_that_is_no_database_brings_a_daemon_back(
    recorded: CommandLine, with_backup: bool
) -> None:
    backup = recorded.home / "data" / "backups" / "memory-schema1-7.db"
    if with_backup:
        backup.parent.mkdir(exist_ok=True)
        db = apsw.Connection(str(recorded.home / "data" / "memory.db"))
        db.execute("VACUUM INTO ?", (str(backup),))
        db.close()
    no_database(recorded.home)

    [error] = [check for check in recorded.json("doctor")["checks"] if check["about"] == "bank"]
    commands = error["next_step"].replace(
        "reasoningbank ", f"{sys.executable} -m reasoningbank_daemon.cli.main "
    )
    done = subprocess.run(
        commands,
        shell=True,
        env={**os.environ, "RB_HOME": str(recorded.home)},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (str(backup) in error["message"]) == with_backup
    assert ("There is no backup" in error["message"]) != with_backup
    assert recorded.json("status")["experiences"] == (5 if with_backup else 0)


def test_sound_bank_passes_with_the_daemon_up_and_down(recorded: CommandLine) -> None:
    recorded.run("hooks", "install", "claude-code")

    down = recorded.run("doctor", "--deep")
    recorded.run("up")
    up = recorded.run("doctor")

    assert (down.returncode, up.returncode) == (0, 0), down.stdout + up.stdout
    assert "0 errors, 0 warnings." in down.stdout
    assert "0 errors, 0 warnings." in up.stdout


def test_doctor_changes_nothing(recorded: CommandLine) -> None:
    before = {file: file.stat().st_mtime_ns for file in recorded.home.rglob("*") if file.is_file()}

    recorded.run("doctor", "--deep")

    after = {file: file.stat().st_mtime_ns for file in recorded.home.rglob("*") if file.is_file()}
    # SQLite makes its shared memory for whoever reads; it holds nothing.
    assert {file for file in before | after if before.get(file) != after.get(file)} <= {
        recorded.home / "data" / "memory.db-shm",
        recorded.home / "data" / "memory.db-wal",
    }


def test_daemon_that_hangs_is_found(bench: CommandLine) -> None:
    bench.run("up")
    pid = bench.json("status")["pid"]
    stop_where_it_is(pid)

    done = bench.run("doctor")
    os.kill(pid, signal.SIGCONT)

    assert done.returncode == 1
    assert f"it is running (pid {pid}) but does not answer" in done.stdout


def test_hook_program_whose_interpreter_was_removed_is_found(bench: CommandLine) -> None:
    bench.run("hooks", "install", "claude-code")
    program = bench.home / "data" / "hooks" / "rb-hook"
    lines = program.read_text(encoding="utf-8").splitlines(keepends=True)
    program.write_text("#!/gone/python3 -IS\n" + "".join(lines[1:]), encoding="utf-8")

    done = bench.run("doctor")

    assert done.returncode == 1
    assert "needs /gone/python3, which does not exist: nothing is recorded" in done.stdout


def test_events_that_wait_in_the_spool_are_counted(bench: CommandLine) -> None:
    spool = bench.home / "state" / "spool"
    spool.mkdir(parents=True, mode=0o700)
    header = pack_request(RequestHeader(nonce=bytes(16), sent_ns=1))
    write_entry(str(spool), header, encode_request(Remember(text="x")))

    done = bench.run("doctor")

    assert "1 event waiting to be stored" in done.stdout


def test_spool_that_others_may_enter_is_an_error(bench: CommandLine) -> None:
    spool = bench.home / "state" / "spool"
    spool.mkdir(parents=True)
    spool.chmod(0o777)

    done = bench.run("doctor")

    assert done.returncode == 1
    assert f"next: chmod 700 {spool}; hooks can't keep events until then\n" in done.stdout


def test_index_that_was_removed_is_no_error(recorded: CommandLine) -> None:
    shutil.rmtree(recorded.home / "state" / "indexes")

    done = recorded.run("doctor")

    assert done.returncode == 0
    assert "none yet; they are built from the bank" in done.stdout
