from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reasoningbank_daemon.cli.daemon_process import (
    is_locked,
    kill_holder,
    lock_holder,
    own_command,
    start_turn,
)
from reasoningbank_schema.paths import resolve_paths

HOLD = """
import fcntl, os, sys
d = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(d, fcntl.LOCK_EX)
os.pwrite(d, str(os.getpid()).encode(), 0)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder_of(lock: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_holder_is_found_without_touching_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "daemon.lock"

    with holder_of(lock) as process:
        assert lock_holder(lock) == process.pid
        assert is_locked(lock)


def test_pid_left_in_the_file_by_a_process_that_died_is_no_holder(tmp_path: Path) -> None:
    lock = tmp_path / "daemon.lock"
    lock.write_text(f"{os.getpid()}\n", encoding="ascii")

    assert lock_holder(lock) is None
    assert not is_locked(lock)


def test_program_is_named_with_its_folder_where_the_path_does_not_lead_to_it(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("reasoningbank")
    (tmp_path / "reasoningbank").write_text("#!/bin/sh\n", encoding="ascii")
    (tmp_path / "reasoningbank").chmod(0o755)

    assert own_command({"PATH": str(program.parent)}) == "reasoningbank"
    assert own_command({"PATH": ""}) == str(program)
    assert own_command({"PATH": f"{tmp_path}:{program.parent}"}) == str(program)


def test_lock_that_does_not_exist_is_free_and_is_not_made(tmp_path: Path) -> None:
    lock = tmp_path / "daemon.lock"

    assert lock_holder(lock) is None
    assert not is_locked(lock)
    assert not lock.exists()


def test_killing_ends_the_holder_and_frees_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "daemon.lock"

    with holder_of(lock) as process:
        killed = kill_holder(lock)
        process.wait(30)

        assert killed == process.pid
        assert not is_locked(lock)
        assert kill_holder(lock) is None


def test_one_of_two_gets_the_turn_to_start(tmp_path: Path) -> None:
    paths = resolve_paths({"RB_HOME": str(tmp_path)}, home=tmp_path)
    paths.data_dir.mkdir()

    with start_turn(paths) as first, start_turn(paths) as second:
        turns = (first, second)
    with start_turn(paths) as again:
        assert again

    assert turns == (True, False)


def test_a_shared_lock_of_somebody_who_only_looks_is_seen_as_held(tmp_path: Path) -> None:
    lock = tmp_path / "daemon.lock"
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    held = is_locked(lock)
    os.close(descriptor)

    assert held
    assert not is_locked(lock)
