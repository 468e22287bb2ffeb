"""Talk to the ReasoningBank daemon from Python: `ReasoningBank`, or `AsyncReasoningBank` under asyncio."""

from __future__ import annotations

from reasoningbank_client.asynchronous import AsyncReasoningBank
from reasoningbank_client.errors import (
    BusyError,
    DeadlineError,
    ProtocolError,
    ReasoningBankError,
    RefusedError,
    UnreachableError,
)
from reasoningbank_client.exchange import Answer
from reasoningbank_client.synchronous import ReasoningBank

__all__ = [
    "Answer",
    "AsyncReasoningBank",
    "BusyError",
    "DeadlineError",
    "ProtocolError",
    "ReasoningBank",
    "ReasoningBankError",
    "RefusedError",
    "UnreachableError",
]
