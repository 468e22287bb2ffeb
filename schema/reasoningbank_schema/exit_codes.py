"""The exit codes of ``reasoningbank`` and ``reasoningbankd``; numbers from 64 on are those of ``sysexits.h``."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Say how a program ended; a code means the same whether the daemon or a command ends with it."""

    OK = 0
    FAILED = 1
    NOT_RUNNING = 3
    USAGE = 64
    NOT_FOUND = 66
    NO_ANSWER = 69
    DEFECT = 70
    CANNOT_CREATE = 73
    BANK_UNUSABLE = 74
    ANOTHER_RUNS = 75
    BAD_CONFIGURATION = 78
    INTERRUPTED = 130


DAEMON_EXIT_CODES = (
    ExitCode.OK,
    ExitCode.USAGE,
    ExitCode.DEFECT,
    ExitCode.CANNOT_CREATE,
    ExitCode.BANK_UNUSABLE,
    ExitCode.ANOTHER_RUNS,
    ExitCode.BAD_CONFIGURATION,
)
"""What ``reasoningbankd`` ends with; a service manager tells them apart."""
