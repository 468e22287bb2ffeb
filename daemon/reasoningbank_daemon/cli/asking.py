"""Ask the daemon: the client library, with its errors turned into what a person should do next."""

from __future__ import annotations

from reasoningbank_client import ReasoningBank, ReasoningBankError, UnreachableError

from reasoningbank_daemon.cli.context import CommandError, Context
from reasoningbank_daemon.cli.daemon_process import lock_holder
from reasoningbank_daemon.cli.exit_codes import ExitCode
from reasoningbank_schema.messages import DaemonStatus, Rating, Recalled, Receipt
