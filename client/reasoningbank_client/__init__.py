"""Talk to the ReasoningBank daemon from Python: `ReasoningBank`, or `AsyncReasoningBank` under asyncio."""

from __future__ import annotations

from reasoningbank_client.answer import Answer, Wait
from reasoningbank_client.asynchronous import AsyncReasoningBank
from reasoningbank_client.errors import (
    BusyError,
    DaemonAbsentError,
    DaemonFaultError,
    DeadlineError,
    NotStoredError,
    ProtocolError,
    ReasoningBankError,
    RefusedError,
    SpoolWriteError,
    StoppingError,
    TooLargeError,
    UnreachableError,
    UnsafeSocketError,
    UnsendableError,
    VersionMismatchError,
)
from reasoningbank_client.synchronous import ReasoningBank

__all__ = [
    "Answer",
    "AsyncReasoningBank",
    "BusyError",
    "DaemonAbsentError",
    "DaemonFaultError",
    "DeadlineError",
    "NotStoredError",
    "ProtocolError",
    "ReasoningBank",
    "ReasoningBankError",
    "RefusedError",
    "SpoolWriteError",
    "StoppingError",
    "TooLargeError",
    "UnreachableError",
    "UnsafeSocketError",
    "UnsendableError",
    "VersionMismatchError",
    "Wait",
]
