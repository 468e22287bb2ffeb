"""The daemon as a process: who holds its lock, how it is started in the background, how it is ended by force."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reasoningbank_daemon.cli.context import CommandError
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_schema.paths import Paths

STARTUP_LOG = "startup.log"
"""What a daemon in the background prints before its own log works: an import that fails, a bad configuration."""

_SHOWN_BYTES = 4096
_SERVICE_VARIABLES = frozenset(
    {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "INVOCATION_ID"}
)
"""They speak of the service that we run in, and would make the daemon report to it."""


def lock_holder(lock: Path) -> int | None:
    """Return the process that holds the daemon's lock, None when nobody (in our pid namespace) does.

    The kernel's list is read. To try the lock would be simpler, and would turn a daemon away that starts at
    that very moment.
    """
    try:
        inode = lock.stat().st_ino
        noted = _noted_pid(lock)
        table = Path("/proc/locks").read_text(encoding="ascii", errors="replace")
        device = lock.stat().st_dev
    except OSError:
        return None
    for line in table.splitlines():
        # "1: FLOCK  ADVISORY  WRITE 1234 08:01:567890 0 EOF"; a line with "->" is one who waits.
        fields = line.split()
        if len(fields) < 6 or fields[1] != "FLOCK" or not fields[4].isdigit():
            continue
        major, minor, number = fields[5].split(":")
        pid = int(fields[4])
        same_device = (int(major, 16), int(minor, 16)) == (os.major(device), os.minor(device))
        # btrfs and overlayfs show another device here than stat does: there the noted pid has to agree.
        if int(number) == inode and (same_device or pid == noted):
            return pid
    return None


def is_locked(lock: Path) -> bool:
    """Say whether anybody, in any pid namespace, holds the lock; only asked when a daemon is being stopped."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def start_turn(paths: Paths) -> Iterator[bool]:
    """Yield whether it is this process's turn to start a daemon; of many that ask at once, one gets it."""
    descriptor = os.open(paths.data_dir / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def start_detached(paths: Paths, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a daemon that outlives us: a session of its own, no descriptor of ours, output into a small file.

    The caller waits until it answers or ends; when the caller leaves, init becomes its parent and reaps it.
    """
    own = {key: value for key, value in environment.items() if key not in _SERVICE_VARIABLES}
    descriptor = os.open(
        paths.logs / STARTUP_LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        return subprocess.Popen(
            daemon_command(),
            cwd="/",
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            close_fds=True,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def daemon_program() -> tuple[str, ...]:
    """Return the absolute command of this installation's daemon, for a file that others will run it from."""
    script = Path(sys.executable).with_name("reasoningbankd")
    return (str(script),) if script.is_file() and os.access(script, os.X_OK) else daemon_command()


def daemon_command() -> tuple[str, ...]:
    """Return the command of the daemon that belongs to the sources that run now."""
    # -P: a folder called reasoningbank_daemon in the working directory is not ours.
    return (sys.executable, "-P", "-m", "reasoningbank_daemon.main")


def own_command(environment: Mapping[str, str]) -> str:
    """Return how a person types this program: by its name where the PATH leads to it, else with its folder."""
    script = Path(sys.executable).with_name("reasoningbank")
    found = shutil.which(script.name, path=environment.get("PATH"))
    if not script.exists() or (found and Path(found).samefile(script)):
        return script.name
    return shlex.quote(str(script))


def startup_output(paths: Paths) -> str:
    """Return the end of what the last daemon in the background printed before its log worked."""
    try:
        raw = (paths.logs / STARTUP_LOG).read_bytes()
    except OSError:
        return ""
    return raw[-_SHOWN_BYTES:].decode("utf-8", "replace").strip()


def kill_holder(lock: Path) -> int | None:
    """SIGKILL whoever holds the lock and return its pid; None when nobody does.

    The descriptor of the process is taken first and the lock looked at again: a pid that was given to another
    process meanwhile is not hit.
    """
    pid = lock_holder(lock)
    if pid is None:
        return None
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        if lock_holder(lock) != pid:
            return None
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except ProcessLookupError:
        return None
    except PermissionError as error:
        raise CommandError(
            f"process {pid} holds the lock and belongs to another user",
            code=ExitCode.FAILED,
            next_step=f"ask its owner, or: sudo kill {pid}",
        ) from error
    finally:
        os.close(descriptor)
    return pid


def _noted_pid(lock: Path) -> int | None:
    text = lock.read_text(encoding="ascii", errors="replace").strip()
    return int(text) if text.isascii() and text.isdigit() else None
