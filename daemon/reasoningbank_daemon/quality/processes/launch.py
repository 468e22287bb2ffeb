"""Become another program that cannot outlive its parent or outgrow its memory.

Run as a script: `python -IS launch.py ADDRESS_SPACE_BYTES NICENESS PARENT_PID PROGRAM ARGUMENT…`. It sets the limits on itself
and then executes the program in its own place, so the process id stays. Doing this here, after the fork, keeps Python
code out of the moment between fork and exec of a process with many threads, where it may deadlock.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""From `linux/prctl.h`: the kernel sends this signal when the thread that forked us ends."""


def main(arguments: list[str]) -> None:
    """Apply the limits and execute the program; does not return."""
    address_space_bytes, niceness, parent_pid, *program = arguments
    os.nice(int(niceness))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (int(address_space_bytes), int(address_space_bytes)))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent_pid):  # the parent died before the kernel knew that it matters
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - that is the purpose of this script; no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
