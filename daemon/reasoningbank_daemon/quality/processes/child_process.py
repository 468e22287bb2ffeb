"""Start a child process that is bounded in memory and does not outlive the daemon."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_LAUNCHER = Path(__file__).with_name("launch.py")
_PIPE_BYTES = 1024 * 1024
_ENDING_S = 1.0
"""A child that was told to end, and has not after this long, is killed."""


class InputStalledError(Exception):
    """The child did not take its input by the deadline; what it got is cut off somewhere."""


class BoundedChild:
    """A running child with pipes to its three standard streams.

    It is killed by the kernel when the *thread* that made it ends, and a shell's Ctrl-C does not reach it: make it
    in a thread that lives as long as it should. `memory_bytes` bounds its address space; `niceness` is how far it
    stands back for the daemon's own threads when both want the processor. Raises OSError where it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str], memory_bytes: int, niceness: int = 0
    ) -> None:
        limits = (str(memory_bytes), str(niceness), str(os.getpid()))
        launcher = (sys.executable, "-IS", str(_LAUNCHER), *limits)
        self._process = subprocess.Popen(
            (*launcher, *command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env=dict(environment),
            process_group=0,
        )
        self._input = _pipe(self._process.stdin)
        self.output = _pipe(self._process.stdout)
        self.errors = _pipe(self._process.stderr)
        self._writing = threading.Lock()
        os.set_blocking(self._input.fileno(), False)
        with contextlib.suppress(
            PermissionError
        ):  # the quota of large pipes is used up: a small one is only slower
            fcntl.fcntl(self._input.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def write(self, data: bytes, *, deadline: float, clock: Callable[[], float]) -> None:
        """Write all of `data`, in one piece among several threads.

        Raises TimeoutError when the deadline passed before the first byte, `InputStalledError` when it passed
        after that, and BrokenPipeError when the child is gone.
        """
        if not self._writing.acquire(timeout=max(0.0, deadline - clock())):
            raise TimeoutError("another text was being written")
        try:
            if self._input.closed:
                raise BrokenPipeError("the input is closed")
            self._write_all(memoryview(data), deadline, clock)
        finally:
            self._writing.release()

    def _write_all(self, left: memoryview, deadline: float, clock: Callable[[], float]) -> None:
        descriptor = self._input.fileno()
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except BlockingIOError:
                wait_s = deadline - clock()
                if wait_s <= 0 or not select.select([], [descriptor], [], wait_s)[1]:
                    raise InputStalledError("the text was not taken by the deadline") from None

    def close_input(self) -> None:
        """Let the child see the end of its input, which is how it is asked to end."""
        if self._writing.acquire(timeout=_ENDING_S):
            try:
                self._input.close()
            finally:
                self._writing.release()
        else:
            self.kill()

    def kill(self) -> None:
        """End the child at once."""
        self._process.kill()

    def reap(self) -> tuple[int, bytes]:
        """Wait for the end, bring it about if need be, and return the exit status and the last of the errors."""
        self.close_input()
        try:
            status = self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        last_errors = self.errors.read() or b""
        self.output.close()
        self.errors.close()
        return status, last_errors


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("Popen makes the pipes it is asked for")
    return stream
