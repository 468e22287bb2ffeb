"""Run a piece of a test in a child of its own, for what can't be undone (limits, another user)."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable


def in_child(work: Callable[[], None]) -> None:
    """Run ``work`` in a forked child and demand that it returns; what it raises is shown."""
    sys.stdout.flush()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads, and a worker of pytest-xdist has one: the child takes no lock of its.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        status = 1
        try:
            # A limit on file sizes is to be an error, not the end of the process.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            work()
            status = 0
        except BaseException:  # noqa: BLE001  shown; the parent sees the exit status
            traceback.print_exc()
        finally:
            os._exit(status)
    _, ended = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(ended) == 0
