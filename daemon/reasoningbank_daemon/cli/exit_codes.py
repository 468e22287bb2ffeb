"""What the exit codes of a command tell."""

from __future__ import annotations

from reasoningbank_schema.exit_codes import ExitCode as ExitCode  # noqa: PLC0414  re-exported: every command has it

MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "success",
    ExitCode.FAILED: "what was asked for did not succeed, or `doctor` found an error",
    ExitCode.NOT_RUNNING: "the daemon is not running",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.NOT_FOUND: "what the command names does not exist",
    ExitCode.NO_ANSWER: "the daemon is running but does not answer in time",
    ExitCode.CANNOT_CREATE: "a folder or a file can't be made or changed, or belongs to someone else",
    ExitCode.BANK_UNUSABLE: "the bank can't be read",
    ExitCode.BAD_CONFIGURATION: "the configuration is wrong",
    ExitCode.INTERRUPTED: "interrupted",
}
"""What each code that a command ends with tells, in words: the manual is made of them."""
