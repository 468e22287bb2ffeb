"""Become another program that cannot outlive its parent or outgrow its memory.

Run as a script: `python -IS launch.py ADDRESS_SPACE_BYTES NICENESS PARENT_PID PROGRAM ARGUMENT…`. It sets the limits on itself
and then executes the program in its own place, so the process id stays. A niceness of 20 means: when nothing else wants the
processor (on Linux; elsewhere it is 19). Doing this here, after the fork, keeps Python
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
    _stand_back(int(niceness))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (int(address_space_bytes), int(address_space_bytes)))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent_pid):  # the parent died before the kernel knew that it matters
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - that is the purpose of this script; no shell is wanted


def _stand_back(niceness: int) -> None:
    """Let others go first; a process whose parent stands further back stays where the parent is."""
    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), min(niceness, 19)))
    if niceness > 19 and sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


if __name__ == "__main__":
    main(sys.argv[1:])
