"""Why a command ended; numbers from 64 on are those of ``sysexits.h``, as the daemon's are."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Say how a command ended."""

    OK = 0
    FAILED = 1
    NOT_RUNNING = 3
    USAGE = 64
    NOT_FOUND = 66
    NO_ANSWER = 69
    CANT_CREATE = 73
    BANK_UNUSABLE = 74
    BAD_CONFIGURATION = 78
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "success",
    ExitCode.FAILED: "what was asked for did not succeed, or `doctor` found an error",
    ExitCode.NOT_RUNNING: "the daemon is not running",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.NOT_FOUND: "what the command names does not exist",
    ExitCode.NO_ANSWER: "the daemon is running but does not answer in time",
    ExitCode.CANT_CREATE: "a folder or a file can't be created, or belongs to someone else",
    ExitCode.BANK_UNUSABLE: "the bank can't be read",
    ExitCode.BAD_CONFIGURATION: "the configuration is wrong",
    ExitCode.INTERRUPTED: "interrupted",
}
"""What each code tells, in words: the manual is made of them."""
